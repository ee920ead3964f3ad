// The form of a quiz. All texts arrive as HTML in `content`. `choices` says which answers were checked, and
// `first_choices` which were checked first: for each question the place of an option, a list of places, a number as it
// was typed, or null. Nothing here waits for the kernel.

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

const DECIMAL = "[+-]?(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:e[+-]?[0-9]+)?";
const NUMBER = new RegExp(`^\\s*(${DECIMAL})(?:\\s*/\\s*(${DECIMAL}))?\\s*$`, "i");
const THOUSANDS = /^[+-]?[1-9][0-9]{0,2},[0-9]{3}$/;

// The number that a text says, or what is wrong with it. `read_number` in quizzes/questions.py reads by the same rule.
function readNumber(text, unreadable) {
  const match = text.replaceAll("\u2212", "-").match(NUMBER);
  if (!match) return { problem: unreadable.number };
  const parts = [match[1], match[2] ?? "1"];
  if (parts.some((part) => THOUSANDS.test(part))) return { problem: unreadable.two };
  const [number, divisor] = parts.map((part) => Number(part.replace(",", ".")));
  return Number.isFinite(number / divisor) ? { number: number / divisor } : { problem: unreadable.number };
}

// What to say about an answer, as `feedback` in quizzes/questions.py does; and `others`, what could be said about other answers.
function judge(question, choice) {
  const { kind, options } = question;
  if (kind === "all") return judgeAll(question, choice);
  if (kind === "number") return judgeNumber(question, choice);
  const { right, said } = options[choice];
  return { right, said: [said], others: options.filter((_, i) => i !== choice).map((option) => option.said) };
}

function judgeAll({ options, whole, lacking }, choice) {
  const chosen = options.filter((_, i) => choice.includes(i));
  const missing = options.filter((option, i) => option.right && !choice.includes(i)).length;
  const right = missing === 0 && chosen.every((option) => option.right);
  const about = right ? options : chosen;
  return { right, said: [right ? whole : lacking[missing], ...about.map((option) => option.said)], others: [] };
}

function judgeNumber({ numbers, otherwise, unreadable }, choice) {
  const { number: given } = readNumber(choice, unreadable);
  const { right, said } = numbers.find(({ value, margin }) => Math.abs(given - value) <= margin) ?? otherwise;
  return { right, said: [said], others: numbers.filter((number) => !number.right).map((number) => number.said) };
}

// A field is what a question is answered with: its nodes, the input that comes first, how to read an answer from it
// ({ choice } or { problem }), and how to write one into it.
function optionsField({ kind, options, hint }) {
  // A name holds radio buttons together within one form, so all quizzes of a page can use the same.
  const type = kind === "all" ? "checkbox" : "radio";
  const rows = options.map(({ text, picture }) => {
    const row = element("label", "vaecourse-quiz-option", `<input type="${type}" name="option">`);
    row.append(element("div", "", text + picture));
    return row;
  });
  const inputs = rows.map((row) => row.firstChild);
  return {
    nodes: hint ? [element("div", "vaecourse-quiz-hint", hint), ...rows] : rows,
    first: inputs[0],
    read() {
      const checked = inputs.flatMap((input, i) => (input.checked ? [i] : []));
      if (!checked.length) return { problem: "Choose an option first." };
      return { choice: kind === "all" ? checked : checked[0] };
    },
    write: (choice) => inputs.forEach((input, i) => (input.checked = [choice].flat().includes(i))),
  };
}

function numberField({ unit, unreadable }) {
  const row = element("label", "vaecourse-quiz-number", "<span>Your answer:</span>");
  const input = element("input", "");
  Object.assign(input, { type: "text", inputMode: "decimal", autocomplete: "off", spellcheck: false });
  row.append(input, element("span", "", unit));
  input.addEventListener("input", () => input.removeAttribute("aria-invalid"));
  // In JupyterLab, Enter in a text field does not submit a form by itself.
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    input.form.requestSubmit();
  });
  return {
    nodes: [row],
    first: input,
    read() {
      if (!input.value.trim()) return { problem: "Type a number first." };
      const { problem } = readNumber(input.value, unreadable);
      if (problem) input.setAttribute("aria-invalid", "true");
      return problem ? { problem } : { choice: input.value };
    },
    write: (choice) => (input.value = choice),
  };
}

function questionForm(question, number, total, onChoice) {
  const form = element("form", "");
  const fieldset = element("fieldset", "");
  const legend = element("legend", "", `<strong>Question ${number} of ${total}.</strong> ${question.prompt}`);
  const picture = element("div", "", question.picture);
  const field = question.kind === "number" ? numberField(question) : optionsField(question);
  const feedback = announcer("vaecourse-quiz-said");
  const others = element("details", "");
  fieldset.append(legend, picture, ...field.nodes, button("Check answer", "submit"), feedback, others);
  form.append(fieldset);

  // What was said about one answer would be wrong beside another.
  form.addEventListener("input", () => {
    feedback.textContent = "";
    onChoice(null);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { problem, choice } = field.read();
    if (problem) feedback.textContent = problem;
    else onChoice(choice);
  });

  function show(choice) {
    const judged = choice === null ? { right: false, said: [], others: [] } : judge(question, choice);
    feedback.replaceChildren(...judged.said.map((said) => element("div", "", said)));
    feedback.classList.toggle("vaecourse-quiz-right", judged.right);
    others.hidden = !judged.right || !judged.others.length;
    others.open = false;
    others.innerHTML = `<summary>Why other ${question.kind === "number" ? "numbers" : "options"} are wrong</summary>`;
    if (!others.hidden) others.append(...judged.others.map((said) => element("div", "", said)));
    if (choice !== null) field.write(choice);
  }
  return { form, first: field.first, show };
}

function render({ model, el }) {
  const { title, questions } = model.get("content");
  const root = element("section", "vaecourse-quiz", `<div class="vaecourse-quiz-title">${title}</div>`);
  root.setAttribute("aria-label", `Quiz: ${root.textContent}`);
  const giveKeysBack = keepKeys(root);

  const forms = questions.map((question, i) =>
    questionForm(question, i + 1, questions.length, (choice) => {
      const [choices, first] = [model.get("choices"), model.get("first_choices")];
      if (choice === null && choices[i] === null) return;
      if (first[i] === null) model.set("first_choices", first.with(i, choice));
      model.set("choices", choices.with(i, choice));
      model.save_changes();
    }),
  );
  const score = announcer("vaecourse-quiz-score");
  const again = button("Start again", "button");
  again.addEventListener("click", () => {
    forms.forEach(({ form }) => form.reset());
    model.set("first_choices", questions.map(() => null));
    model.set("choices", questions.map(() => null));
    model.save_changes();
    forms[0].first.focus();
  });
  root.append(...forms.map(({ form }) => form), score, again);
  el.append(root);

  const isRight = (choice, i) => choice !== null && judge(questions[i], choice).right;
  let shown = questions.map(() => undefined);
  function update() {
    const choices = model.get("choices");
    // Only what changed is written anew, so that only this is read out.
    choices.forEach((choice, i) => JSON.stringify(choice) !== JSON.stringify(shown[i]) && forms[i].show(choice));
    shown = choices;
    const right = choices.filter(isRight).length;
    const first = model.get("first_choices").filter(isRight).length;
    const started = model.get("first_choices").some((choice) => choice !== null);
    const text = started ? `Score: ${right} of ${questions.length}, ${first} at the first try.` : "";
    if (score.textContent !== text) score.textContent = text;
    again.hidden = !started;
  }
  model.on("change:choices", update);
  update();
  return () => {
    model.off("change:choices", update);
    giveKeysBack();
  };
}

export default { render };
