// A panel's controls, tiles and drawing, as its plan describes them. The kernel draws; this file asks and shows.

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function render({ model, el }) {
  const { controls, tiles, drawing } = model.get("plan");
  const values = Object.fromEntries(controls.map(({ name, value }) => [name, value]));
  let changed = new Set();
  const { view, ask, end } = conversation(model, el, question, show);

  function question() {
    const since = [...changed];
    changed = new Set();
    return { values, changed: since };
  }

  function change(name, value) {
    values[name] = value;
    changed.add(name);
    ask();
  }

  const canvases = {};
  const captions = {};
  const places = {}; // of the controls: name -> function that moves the control to a value
  const marks = {};

  // A range input over [min, max]; `text` says what a place stands for, `meaning` which value it has.
  function range(control, { min, max, step }, text, meaning, place) {
    const id = `vaecourse-${view}-${control.name}`;
    const output = element("output", { for: id });
    const input = element("input", { id, type: "range", min, max, step });
    const label = element("label", { for: id }, element("span", {}, control.label), output);
    const say = (place) => {
      output.textContent = text(place);
      input.setAttribute("aria-valuetext", output.textContent);
    };
    input.addEventListener("input", () => {
      say(Number(input.value));
      change(control.name, meaning(Number(input.value)));
    });
    places[control.name] = (value) => {
      input.value = place(value); // to the nearest step; the text has the value itself
      say(place(value));
    };
    return element("div", { class: "range" }, label, input);
  }

  const build = {
    slider: (control) => {
      const decimals = (String(control.step).split(".")[1] ?? "").length;
      const same = (value) => value;
      return range(control, control, (value) => value.toFixed(decimals), same, same);
    },

    "choice by slider": (control) => {
      const { options } = control;
      const place = (value) => options.findIndex(([option]) => option === value);
      const all = { min: 0, max: options.length - 1, step: 1 };
      return range(control, all, (i) => options[i][1], (i) => options[i][0], place);
    },

    "choice by buttons": ({ name, label, options, pictures }) => {
      const radios = options.map((_, i) =>
        element("input", { type: "radio", name: `vaecourse-${view}-${name}`, value: i }),
      );
      const labels = options.map(([value, text], i) => {
        const button = element("label", {}, radios[i]);
        if (pictures.length) {
          canvases[pictures[i]] = element("canvas", { "aria-hidden": "true" });
          button.append(canvases[pictures[i]]);
        }
        button.append(element("span", {}, text));
        radios[i].addEventListener("change", () => change(name, value));
        return button;
      });
      places[name] = (value) => (radios[options.findIndex(([option]) => option === value)].checked = true);
      return element("fieldset", {}, element("legend", {}, label), ...labels);
    },

    button: ({ name, label }) => {
      const button = element("button", { type: "button" }, label);
      places[name] = () => {};
      button.addEventListener("click", () => change(name, values[name] + 1));
      return button;
    },
  };

  function tileFigure({ name, label, width }) {
    canvases[name] = element("canvas", { role: "img", "aria-label": label });
    captions[name] = element("div", { class: "caption" });
    const heading = element("div", { class: "label", "aria-hidden": "true" }, label);
    const figure = element("figure", {}, heading, canvases[name], captions[name]);
    figure.style.flexBasis = `${width}px`;
    figure.dataset.label = label;
    return figure;
  }

  const urls = [];
  function drawingFigure({ label, size, marks: elements }) {
    urls.push(URL.createObjectURL(new Blob([model.get("background")], { type: "image/svg+xml" })));
    const overlay = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    overlay.setAttribute("viewBox", `0 0 ${size.join(" ")}`);
    overlay.setAttribute("role", "img");
    overlay.setAttribute("aria-label", label);
    for (const [name, [tag, attributes]] of Object.entries(elements)) {
      marks[name] = document.createElementNS("http://www.w3.org/2000/svg", tag);
      setMark(marks[name], attributes);
      overlay.append(marks[name]);
    }
    const figure = element("figure", { class: "drawing" }, element("img", { src: urls[0], alt: "", role: "presentation" }), overlay);
    figure.style.maxWidth = `${1.4 * size[0]}px`;
    return figure;
  }

  function setMark(mark, { text, ...attributes }) {
    for (const [name, value] of Object.entries(attributes)) mark.setAttribute(name, value);
    if (text !== undefined) mark.textContent = text;
  }

  function show({ error, moved, shapes, captions: texts, marks: moves, reading }, buffers) {
    status.textContent = error ?? reading;
    if (error) return;
    for (const [name, value] of Object.entries(moved)) {
      values[name] = value;
      places[name](value);
    }
    Object.entries(shapes).forEach(([name, shape], i) => drawPictures(canvases[name], buffers[i], shape));
    for (const [name, text] of Object.entries(texts)) {
      captions[name].textContent = text;
      canvases[name].setAttribute("aria-label", `${captions[name].parentNode.dataset.label}: ${text}`);
    }
    for (const [name, attributes] of Object.entries(moves)) setMark(marks[name], attributes);
  }

  const stage = element("div", { class: "stage" });
  stage.append(...tiles.map((row) => element("div", { class: "tiles" }, ...row.map(tileFigure))));
  const form = element("div", { class: "controls" }, ...controls.map((control) => build[control.kind](control)));
  if (drawing) (tiles.length ? form : stage).append(drawingFigure(drawing));
  const status = element("p", { "aria-live": "polite" });
  controls.forEach(({ name, value }) => places[name](value));
  el.classList.add("vaecourse-panel");
  stage.append(status);
  el.append(stage, form);

  const giveKeysBack = keepKeys(el);
  ask();
  return () => {
    giveKeysBack();
    end();
    urls.forEach((url) => URL.revokeObjectURL(url));
  };
}

export default { render };
