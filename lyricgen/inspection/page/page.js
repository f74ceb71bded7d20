"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const element = id => document.getElementById(id);
const text = element("text"), cells = [...text.querySelectorAll("button")];
const numbers = new Map(cells.map((cell, i) => [cell, i]));
const painted = new Array(cells.length).fill(0);
let at = Math.min(20, cells.length - 1); // the character that is pointed at, at first one that has some before it
let view; // one of the views below

// -- elements, numbers

function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in made) made[name] = value; else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function percent(share) {
  const value = 100 * share;
  return `${value >= 9.95 ? Math.round(value) : value.toFixed(1)}%`;
}

function fixed(value, digits = 2) { // with the minus sign, and no minus zero
  return value.toFixed(digits).replace(/^-(?=[0.]*$)/, "").replace("-", "−");
}

const count = number => number.toLocaleString("en");
const capital = words => words[0].toUpperCase() + words.slice(1);

function bytes(encoded) {
  return Uint8Array.from(atob(encoded), character => character.charCodeAt(0));
}

// -- the text

/** Colour each character by its depth, -1 to 1; below 0 has a hue of its own. */
function paint(depthOf) {
  cells.forEach((cell, i) => {
    const depth = Math.round(100 * (depthOf(i) || 0)) / 100;
    if (depth === painted[i]) return;
    cell.style.setProperty("--s", Math.abs(depth));
    cell.classList.toggle("below", depth < 0);
    painted[i] = depth;
  });
}

function point(i) {
  cells[at].tabIndex = -1;
  cells[at].classList.remove("on");
  at = i;
  cells[at].tabIndex = 0;
  cells[at].classList.add("on");
  if (view.follows) view.paint();
  tell();
}

/** The panel: the character as it stands in the text, beside it what the view knows of it. */
function tell() {
  const sign = make("b", {className: cells[at].textContent.length > 3 ? "long" : ""}, cells[at].textContent);
  sign.style.setProperty("--s", Math.abs(painted[at]));
  if (painted[at] < 0) sign.style.setProperty("--own", "var(--cold)");
  element("status").replaceChildren(sign, make("div", {}, ...view.tell(at)));
}

/** The character above or below, of the visual line before or after. */
function across(direction) {
  const box = cell => cell.getBoundingClientRect();
  const middle = ({left, width}) => left + width / 2, height = ({top, bottom}) => (top + bottom) / 2;
  const here = box(cells[at]);
  let best = at, nearest = Infinity, line;
  for (let i = at + direction; cells[i]; i += direction) {
    const there = box(cells[i]);
    if (Math.abs(height(there) - height(here)) < here.height / 2) continue;
    line ??= height(there);
    if (Math.abs(height(there) - line) > here.height / 2) break;
    const distance = Math.abs(middle(there) - middle(here));
    if (distance < nearest) [best, nearest] = [i, distance];
  }
  return best;
}

text.addEventListener("keydown", event => {
  const moves = {
    ArrowRight: () => at + 1, ArrowLeft: () => at - 1, ArrowDown: () => across(1), ArrowUp: () => across(-1),
    Home: () => 0, End: () => cells.length - 1,
  };
  if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  cells[Math.max(0, Math.min(cells.length - 1, moves[event.key]()))].focus();
});
for (const kind of ["mousemove", "focusin", "click"]) { // a text that scrolls under a mouse at rest makes no mousemove
  text.addEventListener(kind, event => {
    const i = numbers.get(event.target.closest("button"));
    if (i !== undefined && (i !== at || kind !== "mousemove")) point(i);
  });
}

// -- controls

function select(label, names, chosen, change) {
  const made = make("select", {ariaLabel: label}, ...names.map((name, i) => make("option", {value: i}, capital(name))));
  made.value = chosen;
  made.addEventListener("change", () => change(Number(made.value)));
  return made;
}

function choice(label, names, chosen, change) {
  return make("div", {className: "choice", role: "radiogroup", ariaLabel: label}, ...names.map((name, i) => {
    const input = make("input", {type: "radio", name: "choice", checked: i === chosen});
    input.addEventListener("change", () => change(i));
    return make("label", {}, input, name);
  }));
}

/** A slider over what `say` names, with a button on each side; the keys go through `slide`. */
let slide = null;
function slider(label, least, most, chosen, say, change) {
  const range = make("input", {type: "range", min: least, max: most, value: chosen, ariaLabel: label});
  const words = make("output", {});
  const show = () => {
    words.value = say(Number(range.value));
    range.setAttribute("aria-valuetext", words.value);
  };
  range.addEventListener("input", () => {
    show();
    change(Number(range.value));
  });
  slide = step => {
    range.value = Number(range.value) + step;
    range.dispatchEvent(new Event("input"));
  };
  const button = (sign, name, step) => {
    const made = make("button", {type: "button", ariaLabel: name}, sign);
    made.addEventListener("click", () => slide(step));
    return made;
  };
  show();
  const row = make("div", {className: "slide"}, button("‹", "unit before", -1), range, button("›", "next unit", 1));
  return [row, words];
}

document.addEventListener("keydown", event => {
  const step = {"[": -1, ",": -1, "]": 1, ".": 1}[event.key];
  if (step && !event.ctrlKey && !event.metaKey && !event.altKey && view.slides) slide(step);
});

function repaint() {
  view.paint();
  legend();
  tell();
}

// -- parts of the panel

/** Five places, of which `items` fill the first ones, so that the panel keeps its height. */
function five(items, className = "") {
  return make("ol", {className}, ...Array.from({length: 5}, (_, i) => items[i] ?? make("li", {}, "\u00a0")));
}

function unitName(layer, place) {
  return `unit ${layer.order[place - 1] + 1} (${count(place)} of ${count(layer.of)})`;
}

function unitWords(states, place) {
  const r = states.correlation[place - 1], follows = states.follows[place - 1];
  if (follows) return `follows ${follows}, r = ${fixed(r)}`;
  return `follows nothing that is measured here clearly (at most |r| = ${fixed(Math.abs(r))})`;
}

function onPage(layer, which) {
  const some = layer.order.length, all = layer.of;
  return some < all ? `On this page: the ${count(some)} ${which} of ${count(all)} units.` : "";
}

// -- the views

const unknown = cells.some(cell => cell.className === "unknown");
const expectation = {
  name: "Expectation", chinese: "预期", has: true, chosen: data.expectations.length - 1, deepest: 12,
  lead: "The deeper the colour, the less the model expected the character. Point at one, tap it, or use the arrow " +
    "keys." + (unknown ? " A dotted line: the model does not know it." : ""),
  lead_zh: "颜色越深，模型越没有料到。指着、点按或用方向键选一个字。" + (unknown ? "下有点线：模型不认识的字。" : ""),
  legend() { return ["0 bits", `${this.deepest} bits and more`]; },
  caption: () => "",
  paint() {
    const {bits} = data.expectations[this.chosen];
    paint(i => Math.min(bits[i - 1] / this.deepest, 1));
  },
  controls() {
    const names = data.expectations.map(each => each.name);
    if (names.length < 2) return [];
    return [choice("Whose colours are shown", names, this.chosen, i => { this.chosen = i; repaint(); })];
  },
  tell(i) {
    if (data.expectations.length > 1) return data.expectations.map((each, k) => this.row(each, i, k === this.chosen));
    return [make("p", {}, ...this.bits(data.expectations[0], i)), this.guesses(data.expectations[0], i)];
  },
  row(each, i, chosen) {
    const words = make("p", {}, ...this.bits(each, i, `  ${each.name}`));
    return make("div", {className: chosen ? "row chosen" : "row"}, words, this.guesses(each, i));
  },
  bits(each, i, name = "") {
    if (!i) return [make("span", {}, name ? `–${name}` : "The first character: nothing was expected.")];
    return [`${each.bits[i - 1].toFixed(2)} bits`, make("span", {}, name || "  most expected:")];
  },
  guesses(each, i) {
    const first = (i - 1) * each.count, places = i ? [...Array(each.count).keys()] : [];
    return five(places.map(k => {
      const sign = data.signs[each.guesses[first + k]], own = sign === cells[i].textContent;
      const named = sign || make("abbr", {title: "a character that the model does not know"}, "unk");
      const share = make("span", {}, ` ${percent(each.shares[first + k] / 1000)}`);
      return make("li", {className: own ? "chosen" : ""}, named, share);
    }));
  },
};

const units = {
  name: "Units", chinese: "单元", has: data.states.length > 0, slides: true, chosen: 0, place: 1,
  lead: "The colour of a character is the value of one unit after it was read. The slider or the keys [ and ] go " +
    "through the units, the clearest first; the list goes to the first that follows something.",
  lead_zh: "颜色是读完每个字之后一个单元的值。滑块或 [ ] 键逐个看单元，最清楚的在前；列表跳到跟随某一特征的第一个单元。",
  legend() { return [fixed(-this.largest()), fixed(this.largest())]; },
  caption() { return onPage(this.states(), "clearest"); },
  states() { return data.states[this.chosen]; },
  /** The deepest colour: the largest value of the unit, but not of one that hardly moves. */
  largest() {
    const {scale} = this.states();
    return Math.max(127 * scale[this.place - 1], 25 * Math.max(...scale));
  },
  value(i) {
    const states = this.states();
    states.bytes ??= new Int8Array(bytes(states.values).buffer);
    return states.bytes[(this.place - 1) * cells.length + i] * states.scale[this.place - 1];
  },
  paint() {
    const largest = this.largest();
    paint(i => this.value(i) / largest);
  },
  controls() {
    const states = this.states(), say = place => `${unitName(states, place)}: ${unitWords(states, place)}`;
    const names = data.states.map(each => each.name), kinds = [...new Set(states.follows)];
    const here = () => kinds.indexOf(states.follows[this.place - 1]);
    const go = select("First unit that follows", kinds.map(kind => `${kind || "nothing"} (${count(states.counts[kind])})`), here(), i => {
      this.place = states.follows.indexOf(kinds[i]) + 1;
      show(this);
    });
    const change = place => { this.place = place; go.value = here(); repaint(); };
    return [
      select("States", names, this.chosen, i => { this.chosen = i; this.place = 1; show(this); }), go,
      ...slider("Unit", 1, states.order.length, this.place, say, change),
    ];
  },
  tell(i) {
    return [make("p", {}, fixed(this.value(i)), make("span", {}, "  after this character"))];
  },
};

const BOUNDS = [0.5, 1, 2, 4, 8, 16, 32, 64, 128];
const gates = {
  name: "Gates", chinese: "门", has: data.gates.length > 0, slides: true, chosen: 0, gate: null, place: 0,
  lead: "The colour of a character is how far a gate was open when it was read: of all units on average, or of one.",
  lead_zh: "颜色是读每个字时门开了多少：全部单元的平均，或一个单元。",
  legend: () => ["0, closed", "1, open"],
  caption() { return onPage(this.layer(), this.layer().states === null ? "that remember longest" : "clearest"); },
  layer() {
    const layer = data.gates[this.chosen];
    layer.of = layer.half_lives.length;
    layer.names = Object.keys(layer.means);
    return layer;
  },
  value(i, gate) {
    const layer = this.layer();
    if (!this.place) return layer.means[gate][i];
    layer.bytes ??= {};
    layer.bytes[gate] ??= bytes(layer.values[gate]);
    return layer.bytes[gate][(this.place - 1) * cells.length + i] / 255;
  },
  paint() { paint(i => this.value(i, this.gate)); },
  controls() {
    const layer = this.layer();
    if (!layer.names.includes(this.gate)) this.gate = layer.keeps;
    const change = place => { this.place = place; repaint(); this.draw(); };
    const names = data.gates.map(each => each.name), number = layer.names.indexOf(this.gate);
    return [
      select("Layer", names, this.chosen, i => { this.chosen = i; this.place = 0; show(this); }),
      select("Gate", layer.names.map(name => `${name} gate`), number, i => { this.gate = layer.names[i]; repaint(); }),
      ...slider("Unit", 0, layer.order.length, this.place, place => this.say(place), change),
    ];
  },
  say(place) {
    const layer = this.layer();
    if (!place) return `all ${count(layer.of)} units on average`;
    const half = layer.half_lives[layer.order[place - 1]];
    const kept = half === null ? "keeps all" : `keeps half for ${half.toFixed(1)} characters`;
    const follows = layer.states === null ? "" : data.states[layer.states].follows[place - 1];
    return `${unitName(layer, place)}: ${kept}${follows ? `, follows ${follows}` : ""}`;
  },
  tell(i) {
    const {names} = this.layer();
    return [make("ol", {className: "two"}, ...names.map(name => make("li", {className: name === this.gate ? "chosen" : ""},
      `${fixed(this.value(i, name))} `, make("small", {}, name))))];
  },
  bucket: half => half === null ? BOUNDS.length : BOUNDS.filter(bound => bound <= half).length,
  /** How many units keep half for so many characters, on a logarithmic axis. */
  draw() {
    const layer = this.layer(), counts = new Array(BOUNDS.length + 1).fill(0);
    for (const half of layer.half_lives) counts[this.bucket(half)] += 1;
    const own = this.place ? this.bucket(layer.half_lives[layer.order[this.place - 1]]) : -1;
    const svg = element("figure").querySelector("svg"), words = element("figure").querySelector("figcaption");
    svg.replaceChildren(...bars(counts, own));
    svg.setAttribute("aria-label", `Units by the characters after which half is kept: ${counts.map((number, k) =>
      `${bucketName(k)}: ${number}${k === own ? " (this unit)" : ""}`).join("; ")}`);
    words.textContent = `How long the ${count(layer.of)} units remember: the characters after which half is kept, by ` +
      `the ${layer.keeps} gate. The numbers count units. 单元能记多久：过多少个字还留下一半。`;
  },
};

function bucketName(k) {
  if (!k) return `below ${BOUNDS[0]}`;
  return k < BOUNDS.length ? `${BOUNDS[k - 1]} to ${BOUNDS[k]}` : `${BOUNDS[k - 1]} and more`;
}

function bars(counts, own) {
  const svg = element("figure").querySelector("svg"), most = Math.max(...counts), width = 34, floor = 98, tall = 80;
  const draw = (tag, attributes, ...children) => {
    const made = document.createElementNS(svg.namespaceURI, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };
  const drawn = counts.map((number, k) => {
    const height = tall * number / most, x = k * width;
    return draw("g", {class: k === own ? "on" : ""},
      draw("rect", {x: x + 2, y: floor - height, width: width - 4, height, rx: 2}),
      draw("text", {x: x + width / 2, y: floor - height - 4, "text-anchor": "middle"}, number || ""));
  });
  const ticks = BOUNDS.map((bound, k) => draw("text", {x: (k + 1) * width, y: 112, "text-anchor": "middle"}, bound));
  return [...drawn, draw("line", {x1: 0, x2: 10 * width, y1: floor, y2: floor}), ...ticks];
}

const memory = {
  name: "Memory", chinese: "记忆", has: data.memory !== null, follows: true,
  lead: "Point at a character: the deeper the colour of another one, the more the prediction depends on it.",
  lead_zh: "指着一个字：别的字颜色越深，模型预测它时越依赖那个字。",
  legend: () => ["no share", "the largest share"],
  caption() {
    const {followed, behind} = data.memory, which = behind ? "each character around it" : "each earlier character";
    return `Measured is the norm of the gradient of the log-probability by the embedding of ${which}. Only ` +
      `${count(followed)} characters back${behind ? " and ahead" : ""} are followed.`;
  },
  /** The place and the share of all on which a character depends. */
  shares(i) {
    const total = data.memory.total[i - 1];
    if (!i || !total) return [];
    return [["before", -1], ["behind", 1]].flatMap(([side, direction]) => {
      const part = data.memory[side];
      if (!part) return [];
      part.bytes ??= bytes(part.values);
      const row = part.bytes.subarray((i - 1) * part.width, i * part.width);
      return Array.from(row, (byte, k) => ({place: i + direction * (k + 1), share: byte / 255 / total}));
    }).filter(({place, share}) => share && cells[place]);
  },
  paint() {
    const found = this.shares(at), largest = Math.max(...found.map(each => each.share));
    const depths = new Map(found.map(({place, share}) => [place, share / largest]));
    paint(i => depths.get(i));
  },
  controls: () => [],
  tell(i) {
    const best = this.shares(i).sort((one, other) => other.share - one.share).slice(0, 5);
    const words = !i ? "The first character: it was not predicted." : best.length ? "depends on" : "depends on nothing";
    return [make("p", {}, make("span", {}, words)), five(best.map(each => this.item(each, i)), "two")];
  },
  item({place, share}, i) {
    const way = place < i ? `${count(i - place)} back` : `${count(place - i)} ahead`;
    return make("li", {}, `${cells[place].textContent} `, make("span", {}, percent(share)), make("small", {}, way));
  },
};

const like = {
  name: "Like this", chinese: "相似", has: data.like !== null && data.like.count > 0,
  lead: "Point at a character: below stand the places of the training text after which the model's state is most " +
    "like the one here.",
  lead_zh: "指着一个字：下面是训练文本里，读完那里之后模型的状态与此处最相似的地方。",
  legend: () => null,
  caption: () => `Searched ${count(data.like.searched)} of ${count(data.like.of)} characters of the training text. ` +
    "The number is the cosine of the two states.",
  paint() { paint(() => 0); },
  controls: () => [],
  tell(i) {
    return Array.from({length: data.like.count}, (_, k) => {
      const [before, sign, behind] = data.like.excerpts[data.like.places[i * data.like.count + k]];
      const cosine = data.like.similarity[i * data.like.count + k];
      return make("div", {className: "quote"}, make("span", {}, make("span", {}, before)), make("mark", {}, sign),
        make("span", {}, behind), make("span", {}, fixed(cosine)));
    });
  },
};

// -- one view at a time

const views = {expectation, units, gates, memory, like};
const present = Object.keys(views).filter(name => views[name].has);

function legend() {
  const ends = view.legend();
  element("legend").hidden = !ends;
  if (ends) element("legend").querySelectorAll("span").forEach((span, i) => { span.textContent = ends[i]; });
}

function show(next) {
  view = next;
  document.body.dataset.view = present.find(name => views[name] === next);
  const [english, chinese] = element("lead").children;
  english.textContent = view.lead;
  chinese.textContent = view.lead_zh;
  element("caption").textContent = view.caption();
  element("figure").hidden = view !== gates;
  const controls = element("controls"), focused = [...controls.children].indexOf(document.activeElement);
  controls.replaceChildren(...view.controls());
  if (focused >= 0) controls.children[focused].focus();
  if (view === gates) view.draw();
  repaint();
}

function tab(name) {
  const made = make("button", {type: "button", role: "tab", id: `tab-${name}`}, views[name].name,
    make("span", {lang: "zh"}, views[name].chinese));
  made.setAttribute("aria-controls", "view");
  made.addEventListener("click", () => open(name));
  return made;
}

function open(name) {
  for (const each of element("tabs").children) {
    const chosen = each.id === `tab-${name}`;
    each.setAttribute("aria-selected", chosen);
    each.tabIndex = chosen ? 0 : -1;
  }
  show(views[name]);
}

if (present.length > 1) {
  element("tabs").append(...present.map(tab));
  element("view").setAttribute("role", "tabpanel");
  element("tabs").addEventListener("keydown", event => {
    const here = present.findIndex(name => views[name] === view), last = present.length - 1;
    const move = {ArrowRight: here < last ? here + 1 : 0, ArrowLeft: here ? here - 1 : last, Home: 0, End: last};
    if (!(event.key in move)) return;
    event.preventDefault();
    open(present[move[event.key]]);
    element(`tab-${present[move[event.key]]}`).focus();
  });
}
new ResizeObserver(() => {
  document.documentElement.style.setProperty("--dock", `${element("dock").offsetHeight}px`);
}).observe(element("dock"));
open("expectation");
point(at);
