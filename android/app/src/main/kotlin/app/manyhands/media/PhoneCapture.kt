package app.manyhands.media

import android.Manifest
import android.content.Context
import android.hardware.display.DisplayManager
import android.os.Handler
import android.os.HandlerThread
import android.os.Looper
import android.view.Display
import android.view.Surface
import app.manyhands.app.may
import app.manyhands.app.service

/** The phone's own camera, microphone and encoders. The picture has a thread, the sound another. */
class PhoneCapture(
    private val context: Context,
) : Capture {
    private val main = Handler(Looper.getMainLooper())
    private val worker = HandlerThread("picture").apply { start() }
    private val handler = Handler(worker.looper)
    private val stage = lazy { PictureStage(handler) }
    private val camera = Camera(context, handler, ::onCameraTold)
    private var picture: PictureEncoder? = null
    private var sound: SoundEncoder? = null
    private var target: EncodedSink? = null
    private var settings: PictureSettings? = null
    private var turns = 0
    private var front = false

    /** The preview's width by its height. */
    private var shape = 1f
    private var cameraOn = true
    private var tries = 0
    private var closed = false

    override var onCamera: (CameraTrouble?) -> Unit = {}
    override val hasTorch: Boolean get() = camera.hasTorch
    override val zoomMost: Float get() = camera.zoomMost

    override fun preview(
        surface: Surface?,
        width: Int,
        height: Int,
    ) {
        if (height > 0) shape = width.toFloat() / height
        onWorker { stage.value.preview(surface, width, height, displayTurns()) }
    }

    private fun displayTurns(): Int =
        context
            .service<DisplayManager>()
            .getDisplay(Display.DEFAULT_DISPLAY)
            .rotation

    override fun open(front: Boolean) {
        this.front = front
        onWorker { openCamera() }
    }

    private fun openCamera() {
        if (closed || !cameraOn || !context.may(Manifest.permission.CAMERA)) return
        stage.value.mirrored = front
        camera.open(front, stage.value.input)
    }

    /** On the worker. Another app gives it back, or it has stopped: it is tried again by itself. */
    private fun onCameraTold(trouble: CameraTrouble?) {
        tries =
            when (trouble) {
                null -> 0
                CameraTrouble.FAILED -> tries + 1
                else -> tries
            }
        val told = if (tries > MOST_TRIES) CameraTrouble.GAVE_UP else trouble
        main.post { onCamera(told) }
        stage.value.card = (told != null && told != CameraTrouble.STARTING) || !cameraOn
        if (told == CameraTrouble.FAILED || told == CameraTrouble.TAKEN) handler.postDelayed(::openCamera, AGAIN_MS)
    }

    override fun start(
        settings: PictureSettings,
        quarterTurns: Int,
        sink: EncodedSink,
    ) {
        target = sink
        turns = quarterTurns
        onWorker { startPicture(settings) }
        if (context.may(Manifest.permission.RECORD_AUDIO)) sound = SoundEncoder(sink)
    }

    private fun startPicture(wanted: PictureSettings) {
        val sink = target ?: return
        stage.value.encoder(null, wanted, turns)
        picture?.close()
        val encoder = PictureEncoder(wanted, handler, sink) { startPicture(wanted) }
        picture = encoder
        settings = wanted
        stage.value.encoder(encoder.surface, wanted, turns)
    }

    override fun adapt(settings: PictureSettings) =
        onWorker {
            val before = this.settings
            if (before != null && before.copy(bitsPerSecond = settings.bitsPerSecond) == settings) {
                picture?.rate(settings.bitsPerSecond)
                this.settings = settings
            } else {
                startPicture(settings)
            }
        }

    override fun keyframe() = onWorker { picture?.keyframe() }

    override fun microphone(on: Boolean) {
        sound?.on = on
    }

    override fun camera(on: Boolean) =
        onWorker {
            if (on != cameraOn) {
                cameraOn = on
                stage.value.card = !on
                if (on) openCamera() else camera.close()
                picture?.keyframe()
            }
        }

    override fun torch(on: Boolean) = onWorker { camera.torch(on) }

    override fun zoom(factor: Float) = onWorker { camera.zoom(factor) }

    override fun focus(spot: Spot) {
        val (shape, turned, mirrored) = Triple(shape, displayTurns() * QUARTER, front)
        onWorker {
            // A front camera looks the other way: turned with the phone its picture turns against it.
            val turn = camera.sensorTurn + if (mirrored) turned else -turned
            camera.focus(Aim.onSensor(spot, shape, PictureStage.SHAPE, turn, mirrored), PictureStage.SHAPE)
        }
    }

    override fun stop() {
        sound?.close()
        sound = null
        onWorker(::stopPicture)
    }

    private fun stopPicture() {
        target = null
        settings?.let { stage.value.encoder(null, it, turns) }
        picture?.close()
        picture = null
    }

    override fun close() {
        stop()
        onWorker {
            closed = true
            handler.removeCallbacksAndMessages(null)
            camera.close()
            if (stage.isInitialized()) stage.value.close()
            worker.quitSafely()
        }
    }

    private fun onWorker(action: () -> Unit) {
        handler.post(action)
    }

    private companion object {
        const val MOST_TRIES = 3
        const val AGAIN_MS = 1_000L
        const val QUARTER = 90
    }
}
