// Stands before the script of every live output: what they share.

// Plain keys belong to the controls within `root`: JupyterLab's arrow keys would change the cell, its Enter edit it.
// Ctrl+S and the like stay JupyterLab's. It listens on the document and heeds the mark only on the element with the
// focus. Returns a function that gives the keys back.
function keepKeys(root) {
  const mark = ({ target, ctrlKey, metaKey }) => {
    if (root.contains(target)) target.toggleAttribute("data-lm-suppress-shortcuts", !ctrlKey && !metaKey);
  };
  window.addEventListener("keydown", mark, true);
  return () => window.removeEventListener("keydown", mark, true);
}

// One question at a time: while the kernel works on one, the others are only remembered as "there is something new",
// so a drag never leaves a queue of stale pictures behind. `question()` says what is to be asked now; `show(answer,
// buffers)` takes what comes back, which has an `error` in place of an answer where the kernel failed. Once the
// kernel was restarted nobody answers any more, and `el` is hidden: the still form above it stays.
function conversation(model, el, question, show) {
  const view = crypto.getRandomValues(new Uint32Array(2)).join("-"); // the same widget may be on show elsewhere
  let waiting = false;
  let outdated = false;

  function ask() {
    outdated = waiting;
    if (waiting) return;
    waiting = true;
    model.send({ view, ...question() });
  }

  // The kernel was restarted, or is reached again after a while: an answer tells which.
  function doubt() {
    el.style.display = "none";
    waiting = false;
    try {
      ask();
    } catch {
      // The way to the kernel is closed for good.
    }
  }

  function onMessage(answer, buffers) {
    if (answer.view !== view) return;
    el.style.display = "";
    waiting = false;
    show(answer, buffers);
    if (outdated) ask();
  }

  model.on("msg:custom", onMessage);
  model.on("comm_live_update", doubt);
  function end() {
    model.off("msg:custom", onMessage);
    model.off("comm_live_update", doubt);
  }
  return { view, ask, end };
}

// Pictures as bytes, a DataView of (count, height, width, channels): side by side, with a line of one pixel between.
function drawPictures(canvas, bytes, [count, height, width, channels]) {
  canvas.width = count * (width + 1) - 1; // this also wipes it
  canvas.height = height;
  const image = new ImageData(width, height);
  for (let picture = 0; picture < count; picture++) {
    const start = picture * height * width * channels;
    for (let i = 0; i < height * width; i++) {
      const pixel = start + i * channels;
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = bytes.getUint8(pixel + (channels === 3 ? c : 0));
      image.data[4 * i + 3] = 255;
    }
    canvas.getContext("2d").putImageData(image, picture * (width + 1), 0);
  }
}
