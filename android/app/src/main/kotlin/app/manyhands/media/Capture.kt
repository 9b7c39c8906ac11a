package app.manyhands.media

import android.view.Surface
import java.nio.ByteBuffer

/** What the picture's encoder is asked for: sides as they are sent. */
data class PictureSettings(
    val width: Int,
    val height: Int,
    val framesPerSecond: Int,
    val bitsPerSecond: Int,
)

/** Why there is no picture from the camera. */
enum class CameraTrouble {
    /** It is being opened. */
    STARTING,

    /** Another app has it. */
    TAKEN,

    /** It has stopped and is started again. */
    FAILED,

    /** It was tried three times. */
    GAVE_UP,
}

/** Where encoded units go. Times are microseconds on one clock for picture and sound. Any thread. */
interface EncodedSink {
    /** A coded picture behind start codes; parameter sets stand in front of each keyframe. */
    fun picture(
        unit: ByteBuffer,
        timeUs: Long,
        durationUs: Long,
    )

    /** A coded sound of 1,024 samples. */
    fun sound(
        unit: ByteBuffer,
        timeUs: Long,
    )
}

/**
 * Camera, microphone and encoders: the one seam between broadcasting and the phone's silicon. It is
 * called on the main thread. Between [open] and [start] nothing is encoded, so nothing can leave.
 */
interface Capture : AutoCloseable {
    /** Told on the main thread; nothing when the camera gives pictures. */
    var onCamera: (CameraTrouble?) -> Unit

    /** Whether the camera that is open has a light. */
    val hasTorch: Boolean

    /** How near the camera that is open can bring something; 1 where it can't. */
    val zoomMost: Float

    /** Where the preview is drawn; nothing while it can't be seen. */
    fun preview(
        surface: Surface?,
        width: Int,
        height: Int,
    )

    /** Opens the camera, if it may be used, and shows the preview. Again: switches to the other one. */
    fun open(front: Boolean)

    /** Encodes from now on. [quarterTurns] is how the phone is held; it is baked in until [stop]. */
    fun start(
        settings: PictureSettings,
        quarterTurns: Int,
        sink: EncodedSink,
    )

    /** Goes on with another size, rate or number of frames; a keyframe comes first. */
    fun adapt(settings: PictureSettings)

    /** The next picture is a keyframe. */
    fun keyframe()

    /** Off: what is encoded is silence. */
    fun microphone(on: Boolean)

    /** Off: what is encoded is a still card, and the camera is closed. */
    fun camera(on: Boolean)

    /** The light beside the camera. */
    fun torch(on: Boolean)

    /** Brings nearer, from 1 to [zoomMost]. */
    fun zoom(factor: Float)

    /** Makes sharp, and light enough, what is seen there in the preview; after a while as it was. */
    fun focus(spot: Spot)

    /** Nothing is encoded any more; the preview stays. */
    fun stop()
}
