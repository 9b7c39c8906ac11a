package app.manyhands.play

import android.view.Surface
import app.manyhands.app.ManyhandsApp
import app.manyhands.app.Parts
import app.manyhands.core.AudioUnit
import app.manyhands.core.VideoUnit
import app.manyhands.keep.Wrap
import app.manyhands.media.CameraTrouble
import app.manyhands.media.Capture
import app.manyhands.media.DecoderTrouble
import app.manyhands.media.EncodedSink
import app.manyhands.media.PictureSettings
import app.manyhands.media.Renderer
import app.manyhands.media.Spot
import org.robolectric.RuntimeEnvironment
import java.util.concurrent.atomic.AtomicLong
import javax.crypto.KeyGenerator

/** What a phone's camera and encoders would have been told. Tests push units into [sink] themselves. */
class PlayedCapture : Capture {
    override var onCamera: (CameraTrouble?) -> Unit = {}
    override var hasTorch = true
    override var zoomMost = 1f
    var sink: EncodedSink? = null
    var settings: PictureSettings? = null
    var turns: Int? = null
    var microphoneOn = true
    var cameraOn = true
    var torchOn = false
    var zoom = 1f
    var sharp: Spot? = null
    var front: Boolean? = null
    var keyframes = 0
    var closed = false
    var surface: Surface? = null

    override fun preview(
        surface: Surface?,
        width: Int,
        height: Int,
    ) {
        this.surface = surface
    }

    override fun open(front: Boolean) {
        this.front = front
        onCamera(null)
    }

    override fun start(
        settings: PictureSettings,
        quarterTurns: Int,
        sink: EncodedSink,
    ) {
        this.settings = settings
        this.sink = sink
        turns = quarterTurns
    }

    override fun adapt(settings: PictureSettings) {
        this.settings = settings
    }

    override fun keyframe() {
        keyframes += 1
    }

    override fun microphone(on: Boolean) {
        microphoneOn = on
    }

    override fun camera(on: Boolean) {
        cameraOn = on
    }

    override fun torch(on: Boolean) {
        torchOn = on
    }

    override fun zoom(factor: Float) {
        zoom = factor
    }

    override fun focus(spot: Spot) {
        sharp = spot
    }

    override fun stop() {
        sink = null
    }

    override fun close() {
        sink = null
        closed = true
    }
}

/** What a phone's decoders would have got. */
class PlayedRenderer : Renderer {
    override var onTrouble: (DecoderTrouble?) -> Unit = {}
    val pictures = mutableListOf<VideoUnit>()
    val sounds = mutableListOf<AudioUnit>()
    var surface: Surface? = null
    var volume = 1f
    var closed = false

    override fun surface(surface: Surface?) {
        this.surface = surface
    }

    override fun picture(unit: VideoUnit) {
        pictures += unit
    }

    override fun sound(unit: AudioUnit) {
        sounds += unit
    }

    override fun volume(volume: Float) {
        this.volume = volume
    }

    override fun flush() = Unit

    override fun close() {
        closed = true
    }
}

/** A key in memory: there is no keystore off a phone. */
class PlayedWrap : Wrap {
    private val key = KeyGenerator.getInstance("AES").apply { init(256) }.generateKey()

    override fun key() = key
}

/** A phone that tests hold in their hands. */
class Phone(
    now: Long = System.currentTimeMillis(),
) {
    val captures = mutableListOf<PlayedCapture>()
    val renderers = mutableListOf<PlayedRenderer>()

    /** Where the clocks stand. They move when told to. */
    val unixMs = AtomicLong(now)
    val elapsedMs = AtomicLong(1_000_000)
    val aside = Aside()
    val app = RuntimeEnvironment.getApplication() as ManyhandsApp
    val capture get() = captures.last()
    val renderer get() = renderers.last()

    init {
        app.parts =
            Parts(
                capture = { PlayedCapture().also(captures::add) },
                renderer = { PlayedRenderer().also(renderers::add) },
                unixMs = unixMs::get,
                elapsedMs = elapsedMs::get,
                wrap = PlayedWrap(),
                endpoint = ALONE,
                aside = aside,
            )
    }

    /** The clocks go on. */
    fun pass(ms: Long) {
        unixMs.addAndGet(ms)
        elapsedMs.addAndGet(ms)
    }
}
