package app.manyhands.media

import android.view.Surface
import app.manyhands.core.AudioUnit
import app.manyhands.core.VideoUnit

/** What happens to the picture's decoder. */
enum class DecoderTrouble {
    /** It has failed and waits for a keyframe. */
    RESTARTING,

    /** It has failed three times in a row: sound goes on alone. */
    GAVE_UP,
}

/**
 * Decoders, screen and speaker: the one seam between watching and the phone's silicon. Units come
 * when they are due, and in order. It is called on the main thread.
 */
interface Renderer : AutoCloseable {
    /** Told on the main thread; nothing when it shows pictures again. */
    var onTrouble: (DecoderTrouble?) -> Unit

    /** Where the picture is shown; nothing while it can't be seen. Sound goes on. */
    fun surface(surface: Surface?)

    /** Decodes and shows a picture. */
    fun picture(unit: VideoUnit)

    /** Decodes and plays a sound. */
    fun sound(unit: AudioUnit)

    /** 0 is silent, 1 is as it came. */
    fun volume(volume: Float)

    /** Throws away what waits, and begins again at the next keyframe. */
    fun flush()
}
