"use strict";
{
  // Two detectors on the same frames, with the interval of their difference; the choice stands in the address.
  const { all, one } = rbc;
  const box = one(".compare");
  const script = one("#pairs");
  const { pairs, values, runs, metrics, names } = script ? JSON.parse(script.textContent) : { runs: {} };
  if (box && Object.keys(runs).length) {
    const [set, left, right] = ["set", "left", "right"].map((side) => one(`.compare-${side}`, box));
    const fill = (select, ids) => select.replaceChildren(...ids.map((id) => new Option(names[id], id)));
    const cell = (tag, content, number) => Object.assign(document.createElement(tag), { textContent: content, className: number ? "n" : "" });
    const minus = (text) => (text === "–" ? text : text.startsWith("-") ? text.slice(1) : Number(text) ? `-${text}` : text);
    // the difference of a pair stands once, in the order of the table of runs
    const paired = (metric) => {
      const forward = pairs[`${set.value}|${left.value}|${right.value}`]?.[metric];
      if (forward) return forward;
      const back = pairs[`${set.value}|${right.value}|${left.value}`]?.[metric];
      return back && [minus(back[0]), minus(back[2]), minus(back[1]), back[3]];
    };
    const numbers = () => Object.keys(metrics).flatMap((metric) => {
      const own = [left, right].map((side) => values[runs[set.value][side.value]]?.[metric]);
      if (own.some((value) => value === undefined)) return [];
      const [difference, low, high, n] = paired(metric) ?? ["–", "–", "–", ""];
      const row = document.createElement("tr");
      const name = cell("th", metrics[metric], false);
      name.scope = "row";
      const interval = low === "–" ? `none${n ? ` (${n} recordings)` : ""}` : `${low} to ${high}`;
      row.append(name, ...own.map((value) => cell("td", value, true)), cell("td", difference, true), cell("td", interval, true));
      return [row];
    });
    const inside = (run) => one(`[data-run="${run}"]:not(tr)`)?.querySelector("figure") ? one(`[data-run="${run}"]:not(tr)`) : one(`details[data-run="${run}"] > template`)?.content;
    // figures of a run, folded ones included
    const deep = (root) => [...all("figure:not(.missing)", root), ...all("template", root).flatMap((template) => deep(template.content))];
    const figures = () => {
      const sides = [left, right].map((side) => {
        const root = inside(runs[set.value][side.value]);
        return root ? deep(root) : [];
      });
      return sides[0].slice(0, 3).flatMap((first) => {
        const kind = (figure) => figure.id.split("-")[1];
        const second = sides[1].find((figure) => kind(figure) === kind(first));
        if (!second) return [];
        const pair = Object.assign(document.createElement("div"), { className: "pair" });
        pair.append(...[first, second].map((figure) => {
          const image = document.importNode(one("img", figure), false);
          image.removeAttribute("data-moving");
          const copy = Object.assign(document.createElement("div"), { className: "half" });
          copy.append(image, Object.assign(document.createElement("figcaption"), { textContent: image.alt }));
          return copy;
        }));
        return [pair];
      });
    };
    const shown = one(".compare-show", box);
    const compare = () => {
      one("tbody", box).replaceChildren(...numbers());
      one(".compare-figures", box).replaceChildren(...(shown.checked ? figures() : []));
    };
    shown.addEventListener("change", compare);
    const models = () => Object.keys(runs[set.value]);
    const choose = (testset, first, second) => {
      set.value = testset;
      const list = models();
      fill(left, list);
      fill(right, list);
      left.value = list.includes(first) ? first : list[0];
      right.value = list.includes(second) && second !== left.value ? second : list.find((id) => id !== left.value);
    };
    fill(set, Object.keys(runs));
    const asked = decodeURIComponent(location.hash.slice(1)).split(":");
    choose(...(asked[0] === "compare" && asked[1] in runs ? asked.slice(1) : [Object.keys(runs)[0]]));
    for (const select of [set, left, right]) {
      select.addEventListener("change", () => {
        choose(set.value, left.value, right.value);
        compare();
        history.replaceState(history.state, "", `#compare:${set.value}:${left.value}:${right.value}`);
      });
    }
    box.hidden = false;
    // the first comparison is made when the reader comes near
    new IntersectionObserver((entries, observer) => {
      if (entries.some((entry) => entry.isIntersecting)) { observer.disconnect(); compare(); }
    }, { rootMargin: "200px" }).observe(box);
    if (asked[0] === "compare") one("#compare").scrollIntoView();
  }
}
