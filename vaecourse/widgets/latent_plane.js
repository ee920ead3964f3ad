// The controls of the latent plane: a picture of the plane to click or drag in, one slider a dimension for
// keyboards, and the decoded picture. The kernel draws; this file only asks and shows.

function render({ model, el }) {
  const [xMin, xMax, yMin, yMax] = model.get("extent");
  let z = model.get("start");
  const { view, ask, end } = conversation(model, el, () => ({ z }), show);

  el.classList.add("vaecourse-latent-plane");
  el.innerHTML = `
    <div class="plane"><img alt="" draggable="false"><div class="point"></div></div>
    <div class="side">
      <canvas role="img"></canvas>
      <label for="vaecourse-${view}-0">z<sub>1</sub> <output></output></label>
      <input type="range" id="vaecourse-${view}-0" min="${xMin}" max="${xMax}" step="${(xMax - xMin) / 200}">
      <label for="vaecourse-${view}-1">z<sub>2</sub> <output></output></label>
      <input type="range" id="vaecourse-${view}-1" min="${yMin}" max="${yMax}" step="${(yMax - yMin) / 200}">
      <p aria-live="polite"></p>
    </div>`;
  const plane = el.querySelector(".plane");
  const point = el.querySelector(".point");
  const canvas = el.querySelector("canvas");
  const sliders = [...el.querySelectorAll("input")];
  const readings = [...el.querySelectorAll("output")];
  const status = el.querySelector("p");

  const background = plane.querySelector("img");
  background.src = URL.createObjectURL(new Blob([model.get("background")], { type: "image/png" }));
  background.alt = model.get("description");

  function move(code) {
    z = [clamp(code[0], xMin, xMax), clamp(code[1], yMin, yMax)];
    showPoint();
    ask();
  }

  function showPoint() {
    point.style.left = `${(100 * (z[0] - xMin)) / (xMax - xMin)}%`;
    point.style.top = `${(100 * (yMax - z[1])) / (yMax - yMin)}%`;
    z.forEach((value, i) => {
      sliders[i].value = value;
      readings[i].textContent = value.toFixed(2);
    });
  }

  function show({ z, shape, reading, error }, buffers) {
    status.textContent = error ?? reading;
    if (error) return;
    drawPictures(canvas, buffers[0], [1, ...shape]);
    canvas.setAttribute("aria-label", `Decoded picture at z = (${z.map((v) => v.toFixed(2)).join(", ")})`);
  }

  function pointed(event) {
    const box = plane.getBoundingClientRect();
    move([
      xMin + ((event.clientX - box.left) / box.width) * (xMax - xMin),
      yMax - ((event.clientY - box.top) / box.height) * (yMax - yMin),
    ]);
  }

  plane.addEventListener("pointerdown", (event) => {
    plane.setPointerCapture(event.pointerId);
    pointed(event);
  });
  plane.addEventListener("pointermove", (event) => {
    if (event.buttons) pointed(event);
  });
  sliders.forEach((slider, i) =>
    slider.addEventListener("input", () => move(z.map((value, j) => (i === j ? Number(slider.value) : value))))
  );
  const giveKeysBack = keepKeys(el);
  move(z);
  return () => {
    giveKeysBack();
    end();
    URL.revokeObjectURL(background.src);
  };
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

export default { render };
