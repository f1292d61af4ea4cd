// Reads the code on a pack's label with the camera, where the browser can, and sends the form as if the label had been typed.
(() => {
  "use strict";

  const button = document.querySelector("[data-scan]");
  const place = document.getElementById("scanning");
  if (!button || !("BarcodeDetector" in window) || !navigator.mediaDevices?.getUserMedia) return;

  const video = document.getElementById("camera");
  const field = document.getElementById("label");
  const told = document.querySelector("[data-scan-told]");
  let stream = null;

  const stop = () => {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    place.hidden = true;
  };

  const look = async (detector) => {
    if (!stream) return;
    const found = video.readyState >= 2 ? await detector.detect(video).catch(() => []) : [];
    if (!found.length) return void setTimeout(look, 200, detector);
    field.value = found[0].rawValue;
    stop();
    field.form.requestSubmit();
  };

  const start = async () => {
    if (stream) return;
    place.hidden = false;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      video.srcObject = stream;
      await video.play();
      look(new BarcodeDetector({ formats: ["qr_code"] }));
    } catch {
      told.textContent = "The camera cannot be used: type the label.";
    }
  };

  BarcodeDetector.getSupportedFormats().then((formats) => {
    button.hidden = !formats.includes("qr_code");
  });
  button.addEventListener("click", start);
  document.querySelector("[data-stop-scan]").addEventListener("click", stop);
  window.addEventListener("pagehide", stop);
})();
