package app.manyhands.media

import android.media.MediaCodec
import android.media.MediaFormat
import android.os.Handler
import android.view.Surface
import java.io.IOException

/**
 * A decoder of the system: fed in order as it has buffers, and begun anew when it fails, until it has
 * failed three times in a row without giving anything. On [handler]'s thread.
 */
abstract class Decoder(
    private val handler: Handler,
    /** Units that wait at most: more is a decoder that does not work. */
    private val mostWaiting: Int,
) : MediaCodec.Callback(),
    AutoCloseable {
    private class Waiting(
        val data: ByteArray,
        val timeUs: Long,
    )

    private val waiting = ArrayDeque<Waiting>()
    private val free = ArrayDeque<Int>()
    private val gate = KeyframeGate()
    private var ticks = 1L

    /** The system's; nothing while none runs. */
    internal var codec: MediaCodec? = null
        private set

    /** Begins with what is known, by [start]; does nothing as long as something is missing. */
    protected abstract fun begin()

    /** Takes what has come out. */
    protected abstract fun out(
        codec: MediaCodec,
        index: Int,
        timeUs: Long,
    )

    /** It has failed, or works again: nothing. */
    protected abstract fun tell(trouble: DecoderTrouble?)

    /** Begins anew, at the next keyframe. */
    fun restart() {
        release()
        if (!gate.gaveUp) begin()
    }

    /** Begins with this format, whose times have so many ticks in a second. */
    protected fun start(
        format: MediaFormat,
        ticks: Long,
        surface: Surface?,
    ) = guarded {
        release()
        gate.close()
        this.ticks = ticks
        val created = MediaCodec.createDecoderByType(checkNotNull(format.getString(MediaFormat.KEY_MIME)))
        codec = created
        created.setCallback(this, handler)
        created.configure(format, surface, null, 0)
        created.start()
    }

    /** Takes a unit of this presentation time, in ticks. */
    protected fun take(
        data: ByteArray,
        pts: Long,
        keyframe: Boolean,
    ) {
        if (codec == null || !gate.lets(keyframe)) return
        if (waiting.size >= mostWaiting) {
            waiting.clear()
            gate.close()
            return
        }
        waiting.addLast(Waiting(data, pts * US_PER_S / ticks))
        guarded(::feed)
    }

    private fun feed() {
        val running = codec ?: return
        while (waiting.isNotEmpty() && free.isNotEmpty()) {
            val unit = waiting.removeFirst()
            val index = free.removeFirst()
            val buffer = running.getInputBuffer(index)
            // One that does not fit is none of this stream.
            val size = unit.data.size.takeIf { buffer != null && it <= buffer.remaining() } ?: 0
            buffer?.put(unit.data, 0, size)
            running.queueInputBuffer(index, 0, size, unit.timeUs, 0)
        }
    }

    /** What a codec throws, when it can't be made or has failed, is one failure. */
    protected fun guarded(action: () -> Unit) =
        try {
            action()
        } catch (_: IOException) {
            failed()
        } catch (_: IllegalArgumentException) {
            failed()
        } catch (_: IllegalStateException) {
            failed()
        }

    private fun failed() {
        val goesOn = gate.failed()
        tell(if (goesOn) DecoderTrouble.RESTARTING else DecoderTrouble.GAVE_UP)
        restart()
    }

    override fun onInputBufferAvailable(
        codec: MediaCodec,
        index: Int,
    ) {
        if (codec != this.codec) return
        free.addLast(index)
        guarded(::feed)
    }

    override fun onOutputBufferAvailable(
        codec: MediaCodec,
        index: Int,
        info: MediaCodec.BufferInfo,
    ) {
        if (codec != this.codec) return
        guarded { out(codec, index, info.presentationTimeUs) }
        if (gate.worked()) tell(null)
    }

    override fun onError(
        codec: MediaCodec,
        e: MediaCodec.CodecException,
    ) {
        if (codec == this.codec) failed()
    }

    override fun onOutputFormatChanged(
        codec: MediaCodec,
        format: MediaFormat,
    ) = Unit

    override fun close() = release()

    private fun release() {
        codec?.release()
        codec = null
        waiting.clear()
        free.clear()
    }

    private companion object {
        const val US_PER_S = 1_000_000L
    }
}
