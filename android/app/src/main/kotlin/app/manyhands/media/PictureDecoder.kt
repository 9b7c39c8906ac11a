package app.manyhands.media

import android.media.MediaCodec
import android.media.MediaFormat
import android.os.Build
import android.os.Handler
import android.view.Surface
import app.manyhands.core.VideoFormat
import app.manyhands.core.VideoUnit
import java.nio.ByteBuffer

/** H.264 to a surface. On [handler]'s thread, but for [told]. An error waits for the next keyframe. */
class PictureDecoder(
    private val handler: Handler,
    /** The microsecond at which a picture is to be shown, of System.nanoTime's clock; nothing: at once. */
    private val showAtNs: (Long) -> Long?,
    private val told: (DecoderTrouble?) -> Unit,
) : MediaCodec.Callback(),
    AutoCloseable {
    private val waiting = ArrayDeque<VideoUnit>()
    private val free = ArrayDeque<Int>()
    private val gate = KeyframeGate()
    private var codec: MediaCodec? = null
    private var format: VideoFormat? = null
    private var ticks = 1L
    private var surface: Surface? = null

    /** Where it is shown; nothing: pictures are let go, until there is one and a keyframe. */
    fun surface(surface: Surface?) {
        this.surface = surface
        val running = codec
        when {
            surface == null -> restart()
            running == null -> start()
            else -> running.setOutputSurface(surface)
        }
    }

    /** Takes a picture. */
    fun take(unit: VideoUnit) {
        unit.format?.let(::newFormat)
        if (codec == null || !gate.lets(unit.keyframe)) return
        if (waiting.size >= MOST_WAITING) {
            waiting.clear()
            gate.close()
            return
        }
        waiting.addLast(unit)
        feed()
    }

    private fun newFormat(next: VideoFormat) {
        if (next == format) return
        format = next
        ticks = next.timescale.toLong()
        release()
        start()
    }

    private fun start() {
        val shown = surface ?: return
        val known = format ?: return
        gate.close()
        try {
            codec =
                MediaCodec.createDecoderByType(MediaFormat.MIMETYPE_VIDEO_AVC).also {
                    it.setCallback(this, handler)
                    it.configure(mediaFormat(known), shown, null, 0)
                    it.start()
                }
        } catch (_: MediaCodec.CodecException) {
            failed()
        }
    }

    private fun feed() {
        val running = codec ?: return
        while (waiting.isNotEmpty() && free.isNotEmpty()) {
            val unit = waiting.removeFirst()
            val index = free.removeFirst()
            val buffer = running.getInputBuffer(index)
            val size = minOf(unit.data.size, buffer?.capacity() ?: 0)
            buffer?.put(unit.data, 0, size)
            running.queueInputBuffer(index, 0, size, unit.times.pts * US_PER_S / ticks, 0)
        }
    }

    override fun onInputBufferAvailable(
        codec: MediaCodec,
        index: Int,
    ) {
        if (codec != this.codec) return
        free.addLast(index)
        feed()
    }

    override fun onOutputBufferAvailable(
        codec: MediaCodec,
        index: Int,
        info: MediaCodec.BufferInfo,
    ) {
        if (codec != this.codec) return
        val at = showAtNs(info.presentationTimeUs)
        val late = at != null && System.nanoTime() - at > LATE_NS
        if (at == null || late) codec.releaseOutputBuffer(index, !late) else codec.releaseOutputBuffer(index, at)
        if (gate.worked()) told(null)
    }

    override fun onError(
        codec: MediaCodec,
        e: MediaCodec.CodecException,
    ) {
        if (codec == this.codec) failed()
    }

    private fun failed() {
        val goesOn = gate.failed()
        told(if (goesOn) DecoderTrouble.RESTARTING else DecoderTrouble.GAVE_UP)
        restart()
    }

    /** Begins again at the next keyframe. */
    fun restart() {
        release()
        if (!gate.gaveUp) start()
    }

    private fun release() {
        codec?.release()
        codec = null
        waiting.clear()
        free.clear()
    }

    override fun onOutputFormatChanged(
        codec: MediaCodec,
        format: MediaFormat,
    ) = Unit

    override fun close() = release()

    companion object {
        private const val US_PER_S = 1_000_000L
        private const val LATE_NS = 40_000_000L

        /** Two seconds: more is a decoder that does not work. */
        private const val MOST_WAITING = 60

        /** What the decoder is told. */
        fun mediaFormat(format: VideoFormat): MediaFormat =
            MediaFormat
                .createVideoFormat(MediaFormat.MIMETYPE_VIDEO_AVC, format.width.toInt(), format.height.toInt())
                .apply {
                    setByteBuffer("csd-0", withStartCodes(format.sps))
                    setByteBuffer("csd-1", withStartCodes(format.pps))
                    setInteger(MediaFormat.KEY_ROTATION, format.rotation.toInt())
                    setInteger(MediaFormat.KEY_PRIORITY, 0)
                    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) setInteger(MediaFormat.KEY_LOW_LATENCY, 1)
                }

        private fun withStartCodes(sets: List<ByteArray>): ByteBuffer {
            val all = sets.flatMap { listOf<Byte>(0, 0, 0, 1) + it.toList() }
            return ByteBuffer.wrap(all.toByteArray())
        }
    }
}
