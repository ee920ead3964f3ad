// What a lesson's page does by itself. `quizzes`, and `quizModule` where there are any, stand above.

// The half of a widget's model that a quiz needs; there is no kernel to keep in step with.
function localModel(values) {
  const listeners = new Map();
  return {
    get: (name) => values[name],
    set(name, value) {
      values[name] = value;
      for (const listener of listeners.get(`change:${name}`) ?? []) listener();
    },
    on: (event, listener) => listeners.set(event, [...(listeners.get(event) ?? []), listener]),
    off: (event, listener) => listeners.set(event, (listeners.get(event) ?? []).filter((other) => other !== listener)),
    save_changes() {},
  };
}

for (const [id, content] of Object.entries(quizzes)) {
  const empty = content.questions.map(() => null);
  const model = localModel({ content, choices: empty, first_choices: empty });
  const live = document.createElement("div");
  quizModule.render({ model, el: live });
  document.getElementById(id).replaceChildren(live);
}

// What scrolls sideways can be reached, and so scrolled, with the keyboard.
const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
document.querySelectorAll(".scroll").forEach((box) => sizes.observe(box));

// The contents mark the section that is being read.
const links = new Map();
for (const link of document.querySelectorAll(".contents a")) {
  // A hash has %CF%83 where a heading has σ.
  links.set(document.getElementById(decodeURIComponent(link.hash.slice(1))), link);
}
const reading = new IntersectionObserver(
  (seen) => {
    for (const { target, isIntersecting } of seen) {
      if (isIntersecting) links.get(target).setAttribute("aria-current", "true");
      else links.get(target).removeAttribute("aria-current");
    }
  },
  { rootMargin: "-20% 0px -79% 0px" },
);
for (const section of links.keys()) reading.observe(section);
