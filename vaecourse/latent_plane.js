// The controls of the latent plane: a picture of the plane to click or drag in, one slider a dimension for
// keyboards, and the decoded picture. The kernel draws; this file only asks and shows.

function render({ model, el }) {
  const [xMin, xMax, yMin, yMax] = model.get("extent");
  const view = `latent-plane-${Math.random().toString(36).slice(2)}`;

  el.classList.add("vaecourse-latent-plane");
  el.innerHTML = `
    <div class="plane"><img alt="" draggable="false"><div class="point"></div></div>
    <div class="side">
      <canvas role="img"></canvas>
      <label for="${view}-0">z<sub>1</sub> <output></output></label>
      <input type="range" id="${view}-0" min="${xMin}" max="${xMax}" step="${(xMax - xMin) / 200}">
      <label for="${view}-1">z<sub>2</sub> <output></output></label>
      <input type="range" id="${view}-1" min="${yMin}" max="${yMax}" step="${(yMax - yMin) / 200}">
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

  // One question at a time: while the kernel works on one point, only the latest of the others is remembered,
  // so a drag never leaves a queue of stale pictures behind.
  let z = model.get("start");
  let waiting = false;
  let next = null;

  function ask(code) {
    z = [clamp(code[0], xMin, xMax), clamp(code[1], yMin, yMax)];
    showPoint();
    if (waiting) {
      next = z;
      return;
    }
    waiting = true;
    model.send({ view, z });
  }

  function showPoint() {
    point.style.left = `${(100 * (z[0] - xMin)) / (xMax - xMin)}%`;
    point.style.top = `${(100 * (yMax - z[1])) / (yMax - yMin)}%`;
    z.forEach((value, i) => {
      sliders[i].value = value;
      readings[i].textContent = value.toFixed(2);
    });
  }

  function showPicture({ z, shape, reading }, bytes) {
    const [height, width, channels] = shape;
    canvas.width = width;
    canvas.height = height;
    const image = new ImageData(width, height);
    for (let i = 0; i < height * width; i++) {
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = bytes.getUint8(channels * i + (channels === 3 ? c : 0));
      image.data[4 * i + 3] = 255;
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
    canvas.setAttribute("aria-label", `Decoded picture at z = (${z.map((v) => v.toFixed(2)).join(", ")})`);
    status.textContent = reading;
  }

  function onMessage(answer, buffers) {
    if (answer.view !== view) return; // the same plane may be on show in another place
    if (answer.error) status.textContent = answer.error;
    else showPicture(answer, buffers[0]);
    waiting = false;
    if (next) {
      const latest = next;
      next = null;
      ask(latest);
    }
  }

  function pointed(event) {
    const box = plane.getBoundingClientRect();
    ask([
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
    slider.addEventListener("input", () => ask(z.map((value, j) => (i === j ? Number(slider.value) : value))))
  );
  // Plain keys belong to the sliders: JupyterLab's arrow keys would change the cell. It listens on the document and
  // heeds the mark only on the element with the focus.
  const keepKeys = ({ target, ctrlKey, metaKey }) => {
    if (el.contains(target)) target.toggleAttribute("data-lm-suppress-shortcuts", !ctrlKey && !metaKey);
  };
  window.addEventListener("keydown", keepKeys, true);
  model.on("msg:custom", onMessage);
  ask(z);
  return () => {
    window.removeEventListener("keydown", keepKeys, true);
    model.off("msg:custom", onMessage);
    URL.revokeObjectURL(background.src);
  };
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

export default { render };
