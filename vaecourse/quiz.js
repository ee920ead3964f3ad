// The form of a quiz. All texts arrive as HTML in `content`; `choices` says which options were checked.

const LETTERS = "ABCDEFGH";

function element(tag, className, html = "") {
  const node = document.createElement(tag);
  node.className = className;
  node.innerHTML = html;
  return node;
}

function button(text, type) {
  const node = element("button", "", text);
  node.type = type;
  return node;
}

// A part of the page whose changes a screen reader reads out.
function announcer(className) {
  const node = element("div", className);
  node.setAttribute("role", "status");
  node.setAttribute("aria-live", "polite");
  return node;
}

function said(option, letter) {
  return `<strong>${letter}. ${option.verdict}</strong> ${option.because}`;
}

function questionForm({ prompt, options }, number, total, onChoice) {
  const form = element("form", "");
  const fieldset = element("fieldset", "");
  const legend = element("legend", "", `<strong>Question ${number} of ${total}.</strong> ${prompt}`);
  // A name holds radio buttons together within one form, so all quizzes of a page can use the same.
  const rows = options.map((option, i) => {
    const row = element("label", "vaecourse-quiz-option", '<input type="radio" name="option">');
    row.append(element("span", "", `${LETTERS[i]}. ${option.text}`));
    return row;
  });
  const radios = rows.map((row) => row.firstChild);
  const feedback = announcer("vaecourse-quiz-said");
  const others = element("details", "");
  fieldset.append(legend, ...rows, button("Check answer", "submit"), feedback, others);
  form.append(fieldset);

  // What was said about one option would be wrong beside another.
  form.addEventListener("change", () => {
    feedback.textContent = "";
    onChoice(null);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = radios.findIndex((radio) => radio.checked);
    if (chosen < 0) feedback.textContent = "Choose an option first.";
    else onChoice(chosen);
  });

  function show(choice) {
    const right = choice !== null && options[choice].right;
    feedback.innerHTML = choice === null ? "" : said(options[choice], LETTERS[choice]);
    feedback.classList.toggle("vaecourse-quiz-right", right);
    others.hidden = !right;
    others.open = false;
    others.innerHTML = "<summary>Why the other options are wrong</summary>";
    options.forEach((option, i) => {
      if (right && i !== choice) others.append(element("p", "", said(option, LETTERS[i])));
    });
    if (choice !== null) radios[choice].checked = true;
  }
  return { form, radios, show };
}

function render({ model, el }) {
  const { title, questions } = model.get("content");
  const root = element("section", "vaecourse-quiz", `<div class="vaecourse-quiz-title">${title}</div>`);
  root.setAttribute("aria-label", `Quiz: ${root.textContent}`);
  // Plain keys belong to the form: JupyterLab's arrow keys would change the cell, its Enter edit it. Ctrl+S and
  // the like stay JupyterLab's. It listens on the document and heeds the mark only on the element with the focus.
  const keepKeys = ({ target, ctrlKey, metaKey }) => {
    if (root.contains(target)) target.toggleAttribute("data-lm-suppress-shortcuts", !ctrlKey && !metaKey);
  };
  window.addEventListener("keydown", keepKeys, true);

  const forms = questions.map((question, i) =>
    questionForm(question, i + 1, questions.length, (choice) => {
      model.set("choices", model.get("choices").with(i, choice));
      model.save_changes();
    }),
  );
  const score = announcer("vaecourse-quiz-score");
  const again = button("Start again", "button");
  again.addEventListener("click", () => {
    forms.forEach(({ form }) => form.reset());
    model.set("choices", questions.map(() => null));
    model.save_changes();
    forms[0].radios[0].focus();
  });
  root.append(...forms.map(({ form }) => form), score, again);
  el.append(root);

  let shown = questions.map(() => undefined);
  function update() {
    const choices = model.get("choices");
    // Only what changed is written anew, so that only this is read out.
    choices.forEach((choice, i) => choice !== shown[i] && forms[i].show(choice));
    shown = choices;
    const checked = choices.filter((choice) => choice !== null).length;
    const right = choices.filter((choice, i) => choice !== null && questions[i].options[choice].right).length;
    const text = checked ? `Score: ${right} of ${questions.length}.` : "";
    if (score.textContent !== text) score.textContent = text;
    again.hidden = checked === 0;
  }
  model.on("change:choices", update);
  update();
  return () => {
    model.off("change:choices", update);
    window.removeEventListener("keydown", keepKeys, true);
  };
}

export default { render };
