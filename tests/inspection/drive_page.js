// What a reader of the page does; what is seen is told to the window around its frame.
const seen = {width: [], heights: [], small: [], moves: []};
const all = selector => [...document.querySelectorAll(selector)];
const words = selector => all(selector).map(each => each.textContent);
const key = (name, target = document.activeElement) =>
  target.dispatchEvent(new KeyboardEvent("keydown", {key: name, bubbles: true}));
const change = (target, value) => { target.value = value; target.dispatchEvent(new Event("change")); };
const here = () => cells.indexOf(document.activeElement);
const depths = () => cells.map(cell =>
  Number(cell.style.getPropertyValue("--s")) * (cell.classList.contains("below") ? -1 : 1));
function measure() {
  seen.width.push(Math.max(innerWidth, document.documentElement.scrollWidth));
  seen.heights.push(new Set([0, 1, 6, cells.length - 1].map(i => {
    cells[i].click();
    return element("dock").offsetHeight;
  })).size);
  cells[6].click();
  for (const control of all("#tabs button, #controls :is(select, button, label, [type=range])")) {
    if (control.getBoundingClientRect().height < 36) seen.small.push(control.outerHTML);
  }
}

measure();
cells[0].focus();
seen.first = element("status").textContent;
for (const name of ["ArrowRight", "ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp", "End", "Home"]) {
  key(name);
  seen.moves.push(here());
}
cells[6].dispatchEvent(new MouseEvent("mousemove", {bubbles: true}));
seen.rows = words("#status .row");
all("#controls input")[0].click();
seen.pressed = document.querySelector("#status .row.chosen span").textContent.trim();
seen.expectation = depths();
seen.tabs = all("#tabs button").map(each => each.firstChild.data);
measure();

all("#tabs button")[0].focus();
key("ArrowRight");
measure();
key("]", cells[6]);
[seen.unit] = words("#controls output");
seen.activation = document.querySelector("#status p").firstChild.data;
change(all("#controls select")[0], 1);
[seen.cell] = words("#controls output");
seen.units = depths();

all("#tabs button")[1].focus();
key("ArrowRight");
measure();
const gateValues = () => all("#status li").map(each => each.firstChild.data.trim());
seen.means = gateValues();
change(all("#controls select")[1], 2);
for (let step = 0; step < 5; step += 1) all("#controls .slide button")[1].click();
seen.gates = gateValues();
seen.open = depths();
seen.bars = all("#figure g text").map(each => each.textContent);
seen.marked = all("#figure g").findIndex(each => each.classList.contains("on"));
seen.histogram = document.querySelector("#figure svg").getAttribute("aria-label");

key("End", element("tabs"));
measure();
seen.like = all("#status .quote").map(each => [...each.children].map(part => part.textContent));
seen.searched = element("caption").textContent;

key("ArrowLeft", element("tabs"));
measure();
cells[5].click();
cells[6].click();
seen.memory = depths();
seen.depends = words("#status li");
seen.measured = element("caption").textContent;
new ResizeObserver(() => {
  scrollTo(0, document.body.scrollHeight);
  seen.hidden = element("view").getBoundingClientRect().bottom > element("dock").getBoundingClientRect().top;
  parent.tell(seen);
}).observe(element("dock"));
