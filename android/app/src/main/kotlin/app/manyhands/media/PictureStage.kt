package app.manyhands.media

import android.graphics.SurfaceTexture
import android.opengl.EGLSurface
import android.os.Handler
import android.os.SystemClock
import android.view.Surface

/** A surface that is drawn on, and what is drawn there. */
private class Target(
    val surface: EGLSurface,
    val width: Int,
    val height: Int,
    /** How the phone is held, quarter turns. */
    val turns: Int,
    val mirrored: Boolean,
) {
    val aspect get() = width.toFloat() / height
}

/** From the camera's texture to the preview and to the encoder. All of it on [handler]'s thread. */
class PictureStage(
    private val handler: Handler,
) : AutoCloseable {
    private val egl = Egl()
    private val program = CameraProgram()
    private val texture = SurfaceTexture(program.texture)
    private val matrix = FloatArray(MATRIX)
    private var preview: Target? = null
    private var encoder: Target? = null
    private var pace = Pace(1)
    private var lastUs = Long.MIN_VALUE

    /** Where the camera draws. */
    val input: Surface

    /** The still card instead of the camera. */
    var card = false
        set(on) {
            field = on
            handler.removeCallbacks(cards)
            if (on) handler.post(cards)
        }

    /** The front camera is mirrored for the person, and for nobody else. */
    var mirrored = false

    private val cards =
        object : Runnable {
            override fun run() {
                encode(System.nanoTime() / NS_PER_US)
                if (card) handler.postDelayed(this, CARD_MS)
            }
        }

    init {
        texture.setDefaultBufferSize(WIDTH, HEIGHT)
        texture.setOnFrameAvailableListener({ onFrame() }, handler)
        input = Surface(texture)
    }

    /** Where the person sees it; nothing while it can't be seen. */
    fun preview(
        surface: Surface?,
        width: Int,
        height: Int,
        turns: Int,
    ) {
        preview?.let { egl.release(it.surface) }
        preview = surface?.let { Target(egl.surface(it), width, height, turns, mirrored = true) }
    }

    /** The encoder, and how the phone is held; nothing to stop. */
    fun encoder(
        surface: Surface?,
        settings: PictureSettings,
        turns: Int,
    ) {
        encoder?.let { egl.release(it.surface) }
        pace = Pace(settings.framesPerSecond)
        encoder = surface?.let { Target(egl.surface(it), settings.width, settings.height, turns, mirrored = false) }
    }

    private fun onFrame() {
        egl.makeCurrent(null)
        texture.updateTexImage()
        texture.getTransformMatrix(matrix)
        preview?.let(::draw)
        preview?.let { if (!egl.swap(it.surface)) preview = null }
        val at = Clock.ofCamera(texture.timestamp, System.nanoTime(), SystemClock.elapsedRealtimeNanos())
        if (!card && pace.isDue(at)) encode(at)
    }

    private fun encode(atUs: Long) {
        val target = encoder ?: return
        // An encoder wants times that grow, whichever clock a camera is on after it was switched.
        if (atUs <= lastUs) return
        lastUs = atUs
        draw(target)
        egl.swap(target.surface, atUs * NS_PER_US)
    }

    private fun draw(target: Target) {
        egl.makeCurrent(target.surface)
        if (card) {
            program.drawCard(target.width, target.height)
            return
        }
        val turned = Turn.matrix(matrix, target.turns, NATURAL, target.aspect, mirrored && target.mirrored)
        program.draw(target.width, target.height, turned)
    }

    override fun close() {
        handler.removeCallbacks(cards)
        preview?.let { egl.release(it.surface) }
        encoder?.let { egl.release(it.surface) }
        input.release()
        texture.release()
        egl.close()
    }

    companion object {
        private const val MATRIX = 16
        private const val WIDTH = 1280
        private const val HEIGHT = 720

        /** What the camera is asked for, width by height as its sensor lies. */
        const val SHAPE = WIDTH.toFloat() / HEIGHT

        /** Held in its natural way a phone's picture is upright. */
        private const val NATURAL = HEIGHT.toFloat() / WIDTH
        private const val NS_PER_US = 1_000L

        /** Ten cards a second keep viewers' clocks going and cost next to nothing. */
        private const val CARD_MS = 100L
    }
}

/** Lets through as many pictures a second as are wanted. */
class Pace(
    private val framesPerSecond: Int,
) {
    private var next = Long.MIN_VALUE

    /** Whether the picture of this time is wanted. */
    fun isDue(atUs: Long): Boolean {
        val step = US_PER_S / framesPerSecond
        if (next == Long.MIN_VALUE) next = atUs
        // A little early is in time: cameras are not that even.
        if (atUs < next - step / EARLY) return false
        next = maxOf(next + step, atUs)
        return true
    }

    private companion object {
        const val US_PER_S = 1_000_000L
        const val EARLY = 4
    }
}
