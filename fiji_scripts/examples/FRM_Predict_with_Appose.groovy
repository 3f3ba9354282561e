#@ String model (label="Model", description="A shipped model's name, or the path of an .onnx file", value="nuclei-brightfield", persist=false)
#@ String device (label="Device", choices={"auto", "cuda", "openvino", "cpu"}, value="auto", persist=false)
#@ Integer window (label="Largest window (px)", description="0: as large as free memory allows", value=0, min=0, persist=false)
/*
 * Predict fluorescence from the active image, in memory that Java and Python share.
 *
 * Input   the active image: of its current channel all slices and frames, 8, 16 or 32 bits.
 * Steps   Appose starts the Python that frm.txt names, once: the worker and its models stay
 *         open for the next run. Esc cancels at the next window.
 * Output  an image with the input's slices, frames and calibration: 16 bits for a model that
 *         predicts counts, else 32.
 *
 * It needs Appose 0.8 or newer among the jars, and the FRM commands installed (frm.txt).
 */
import ij.IJ
import ij.ImagePlus
import ij.ImageStack
import ij.WindowManager
import groovy.transform.Field
import java.awt.GraphicsEnvironment
import java.nio.ByteBuffer
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import org.apposed.appose.NDArray
import org.apposed.appose.Service

@Field COMMAND = "FRM Predict with Appose"

class Failure extends RuntimeException {
    Failure(String message) { super(message) }
}

/** The Python that has frm_bridge: a property, the environment, or beside the commands. */
String findPython() {
    def given = System.getProperty("frm_bridge.python") ?: System.getenv("FRM_PYTHON")
    if (given) return given
    for (folder in ["scripts/Plugins/FRM", "plugins/FRM"]) {
        def file = new File(IJ.getDirectory("imagej") ?: ".", "$folder/frm.txt")
        def line = file.isFile() ? file.readLines("UTF-8").find { it.startsWith("python=") } : null
        if (line) return line.substring("python=".length()).trim()
    }
    throw new Failure("there is no frm.txt\nfix: install the FRM commands with frm-bridge install-fiji")
}

/** The worker, which outlives this script; a new one if there is none, or it died. */
Service findWorker() {
    def key = "frm_bridge.appose"
    def worker = IJ.getProperty(key)
    if (worker == null || !worker.isAlive()) {
        // NB: Appose.wrap(folder).python() would first download uv, or micromamba.
        def python = findPython()
        worker = new Service(new File(python).parentFile, python, "-P", "-c",
            "import appose.python_worker as worker; worker.main()")
        worker.init("from frm_bridge.doors import apposeworker as frm\nfrm.prepare()\n")
        IJ.setProperty(key, worker)
    }
    return worker
}

/** Where the planes lie in the stack: of the current channel, slice by slice, frame by frame. */
List<Integer> planesOf(ImagePlus image) {
    def places = []
    for (frame in 1..image.NFrames)
        for (slice in 1..image.NSlices)
            places << image.getStackIndex(image.channel, slice, frame)
    return places
}

/** The memory as bytes, shorts or floats. */
def viewOf(NDArray array) {
    ByteBuffer buffer = array.buffer()
    switch (array.dType()) {
        case NDArray.DType.UINT8: return buffer
        case NDArray.DType.UINT16: return buffer.asShortBuffer()
        default: return buffer.asFloatBuffer()
    }
}

/** Shared memory for the planes. */
NDArray shareFor(ImagePlus image) {
    def types = [8: NDArray.DType.UINT8, 16: NDArray.DType.UINT16, 32: NDArray.DType.FLOAT32]
    def type = types[image.bitDepth]
    if (type == null) throw new Failure("$image.title is a colour image\nfix: choose a grey one")
    return new NDArray(type, new NDArray.Shape(NDArray.Shape.Order.C_ORDER,
        planesOf(image).size(), image.height, image.width))
}

/** Micrometres for a pixel, or null where the image does not say. */
Double pixelSizeOf(ImagePlus image) {
    def calibration = image.localCalibration
    def isMicrometre = calibration.unit in ["micron", "microns", "um", "\u00b5m", "\u03bcm"]
    return isMicrometre ? calibration.pixelWidth : null
}

/** Run a task to its end, whatever that is; Esc cancels it. */
def waitFor(task) {
    def ended = new CountDownLatch(1)
    task.listen { event ->
        if (event.maximum > 0) IJ.showProgress((int) event.current, (int) event.maximum)
        if (event.message) IJ.showStatus(event.message)
        // NB: outputs are there when listeners are called, not yet when the status changes.
        if (event.responseType.isTerminal()) ended.countDown()
    }
    IJ.resetEscape()
    task.start()
    def isCancelled = false
    while (!ended.await(50, TimeUnit.MILLISECONDS))
        if (IJ.escapePressed() && !isCancelled) {
            isCancelled = true
            task.cancel()
        }
    IJ.showProgress(1.0)
    if (task.status.name() == "CANCELED") throw new Failure(COMMAND + " was stopped")
    // Of a failure "CODE message | fix"; of a crash the worker's last words.
    if (task.status.name() != "COMPLETE") throw new Failure((task.error ?: "").replace(" | ", "\nfix: "))
}

ImagePlus open(NDArray prediction, ImagePlus image) {
    def bits = prediction.dType() == NDArray.DType.UINT16 ? 16 : 32
    def view = viewOf(prediction)
    def stack = ImageStack.create(image.width, image.height, planesOf(image).size(), bits)
    planesOf(image).eachWithIndex { place, index ->
        view.get(stack.getPixels(index + 1))
        stack.setSliceLabel(image.getStack().getSliceLabel(place), index + 1)
    }
    def result = new ImagePlus("Prediction of " + image.title, stack)
    result.setDimensions(1, image.NSlices, image.NFrames)
    result.openAsHyperStack = stack.size() > 1
    def calibration = image.localCalibration.copy()
    calibration.disableDensityCalibration()
    result.calibration = calibration
    result.setPosition(1, image.slice, image.frame)
    result.resetDisplayRange()
    return result
}

ImagePlus predict(ImagePlus image, Map options) {
    def input = shareFor(image)
    try {
        def view = viewOf(input)
        planesOf(image).each { view.put(image.getStack().getPixels(it)) }
        def inputs = [image: input, title: image.title, pixel_size_um: pixelSizeOf(image)] + options
        def task = findWorker().task("frm.predict(task, image, model, device=device, " +
            "window=window, pixel_size_um=pixel_size_um, title=title)", inputs)
        waitFor(task)
        NDArray prediction = task.outputs["prediction"]
        prediction.shm().unlinkOnClose(true)  // the worker made it, and we let it go
        try {
            task.outputs["warnings"].each { IJ.log("FRM: $it") }
            IJ.showStatus("predicted in ${task.outputs["seconds"]} s with ${task.outputs["provider"]}")
            return open(prediction, image)
        } finally {
            prediction.close()
        }
    } finally {
        input.close()
    }
}

try {
    def image = WindowManager.currentImage
    if (image == null) throw new Failure("there is no image open\nfix: open transmitted light first")
    predict(image, [model: model, device: device, window: window ?: null]).show()
} catch (Failure failure) {
    if (GraphicsEnvironment.isHeadless()) throw failure
    IJ.error(COMMAND, failure.message)
}
