package app.manyhands.media

import android.media.MediaCodec
import android.media.MediaFormat
import android.os.Handler
import app.manyhands.core.AudioCodec
import app.manyhands.core.AudioFormat
import app.manyhands.core.AudioUnit
import java.nio.ByteBuffer
import java.nio.ByteOrder

/** AAC or Opus to samples. On [handler]'s thread. */
class SoundDecoder(
    private val handler: Handler,
    /** Samples, 16 bit, and when they belong, microseconds; true once the buffer is copied. */
    private val out: (ByteBuffer, Long) -> Unit,
    /** A new kind of sound: samples a second, channels. */
    private val onFormat: (Int, Int) -> Unit,
) : MediaCodec.Callback(),
    AutoCloseable {
    private val waiting = ArrayDeque<AudioUnit>()
    private val free = ArrayDeque<Int>()
    private var codec: MediaCodec? = null
    private var ticks = 1L

    /** Takes a sound. */
    fun take(unit: AudioUnit) {
        unit.format?.let(::start)
        if (waiting.size >= MOST_WAITING) waiting.removeFirst()
        waiting.addLast(unit)
        feed()
    }

    private fun start(format: AudioFormat) {
        close()
        ticks = format.timescale.toLong()
        onFormat(format.sampleRate.toInt(), format.channels.toInt())
        val known = mediaFormat(format)
        codec =
            MediaCodec.createDecoderByType(checkNotNull(known.getString(MediaFormat.KEY_MIME))).also {
                it.setCallback(this, handler)
                it.configure(known, null, null, 0)
                it.start()
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
        codec.getOutputBuffer(index)?.let { out(it, info.presentationTimeUs) }
        codec.releaseOutputBuffer(index, false)
    }

    /** The next unit begins it again: each AAC or Opus frame can be a first one. */
    override fun onError(
        codec: MediaCodec,
        e: MediaCodec.CodecException,
    ) {
        if (codec == this.codec && e.isRecoverable) {
            codec.stop()
            codec.start()
        }
    }

    override fun onOutputFormatChanged(
        codec: MediaCodec,
        format: MediaFormat,
    ) = Unit

    override fun close() {
        codec?.release()
        codec = null
        free.clear()
        waiting.clear()
    }

    companion object {
        private const val US_PER_S = 1_000_000L
        private const val MOST_WAITING = 100
        private const val OPUS_TICKS = 48_000L
        private const val NS_PER_S = 1_000_000_000L

        /** 80 ms, what Opus wants to run in with (RFC 7845, 4.6). */
        private const val PRE_ROLL_NS = 80_000_000L

        /** What the decoder is told. */
        fun mediaFormat(format: AudioFormat): MediaFormat {
            val opus = format.codec as? AudioCodec.Opus
            val kind = if (opus == null) MediaFormat.MIMETYPE_AUDIO_AAC else MediaFormat.MIMETYPE_AUDIO_OPUS
            val told = MediaFormat.createAudioFormat(kind, format.sampleRate.toInt(), format.channels.toInt())
            told.setByteBuffer("csd-0", ByteBuffer.wrap(format.config))
            if (opus != null) {
                told.setByteBuffer("csd-1", nanoseconds(opus.preSkip.toLong() * NS_PER_S / OPUS_TICKS))
                told.setByteBuffer("csd-2", nanoseconds(PRE_ROLL_NS))
            }
            return told
        }

        private fun nanoseconds(ns: Long): ByteBuffer {
            val buffer = ByteBuffer.allocate(Long.SIZE_BYTES).order(ByteOrder.nativeOrder()).putLong(ns)
            buffer.flip()
            return buffer
        }
    }
}
