// Pages of sentences with marked entities. A page has `SIDES`, the lists of a sentence's entities; `label` and `fault` of
// an entity; `about` and `details` of a sentence; `fits`, by the choices of its form; and `tell`, after each choice.
const data = JSON.parse(document.getElementById("data").textContent);
const PAGE = 50;
const get = id => document.getElementById(id);
const element = (tag, text, name) => {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (name) made.className = name;
  return made;
};
const types = [...new Set(data.sentences.flatMap(s => SIDES.flatMap(side => s[side]).map(e => e[2])))].sort();
const hue = type => 40 + (types.indexOf(type) * 173) % 280;  // by the golden ratio; without red, the colour of errors

function fill(select, all, names) {
  select.append(new Option(all, ""), ...names.map(name => new Option(name, name)));
}

function spans(words, entities) {
  const line = element("span");
  let at = 0;
  for (const entity of entities) {
    const [start, end, type] = entity;
    if (start > at) line.append(words.slice(at, start).join(" ") + " ");
    const mark = element("mark", words.slice(start, end).join(" "), fault(entity) ? "wrong" : "");
    mark.style.setProperty("--hue", hue(type));
    mark.append(element("small", label(entity)));
    if (fault(entity)) mark.append(element("b", fault(entity)));
    line.append(mark, " ");
    at = end;
  }
  line.append(words.slice(at).join(" "));
  return line;
}

function card(sentence) {
  const article = element("article");
  article.append(element("div", about(sentence).join(" · "), "about"));
  for (const side of SIDES) {
    const row = element("div", undefined, "row");
    row.append(element("span", side), spans(sentence.words, sentence[side]));
    article.append(row);
  }
  article.append(...details(sentence));
  return article;
}

function table(title, headings, rows) {
  const made = element("details"), grid = element("table"), head = element("tr");
  head.append(element("th"), ...headings.map(name => element("th", name)));
  grid.append(head);
  for (const [key, ...values] of rows) {
    const row = element("tr");
    row.append(element("th", key), ...values.map(value => element("td", value)));
    grid.append(row);
  }
  made.append(element("summary", title), grid);
  return made;
}

const isFound = (sentence, search) => sentence.words.join(" ").toLowerCase().includes(search.toLowerCase());

let shown = [];
function more() {
  get("more")?.remove();
  const main = get("sentences");
  const start = main.childElementCount;
  main.append(...shown.slice(start, start + PAGE).map(card));
  if (start + PAGE < shown.length) {
    const button = element("button", `Show ${Math.min(PAGE, shown.length - start - PAGE)} more`);
    button.id = "more";
    button.onclick = more;
    main.append(button);
  }
}

function update() {
  shown = data.sentences.filter(sentence => isFound(sentence, get("search").value) && fits(sentence));
  get("sentences").replaceChildren();
  const leftOut = data.leftOut ? `; ${data.leftOut} more are not on this page` : "";
  get("count").textContent = `${shown.length} of ${data.sentences.length} ${NAME}${leftOut}`;
  tell();
  more();
}

function start() {
  fill(get("type"), "all", types);
  document.querySelector("form").addEventListener("input", update);
  document.querySelector("form").addEventListener("submit", event => event.preventDefault());
  update();
}
