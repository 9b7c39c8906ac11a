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
    handler: Handler,
    /** Samples, 16 bit, and when they belong, microseconds. */
    private val onSamples: (ByteBuffer, Long) -> Unit,
    /** A new kind of sound: samples a second, channels. */
    private val onFormat: (Int, Int) -> Unit,
) : Decoder(handler, MOST_WAITING) {
    private var format: AudioFormat? = null

    /** Takes a sound. Each AAC or Opus frame can be a first one. */
    fun take(unit: AudioUnit) {
        val next = unit.format
        if (next != null && next != format) {
            format = next
            onFormat(next.sampleRate.toInt(), next.channels.toInt())
            restart()
        }
        take(unit.data, unit.times.pts, keyframe = true)
    }

    override fun begin() {
        val known = format ?: return
        start(mediaFormat(known), known.timescale.toLong(), surface = null)
    }

    override fun out(
        codec: MediaCodec,
        index: Int,
        timeUs: Long,
    ) {
        codec.getOutputBuffer(index)?.let { onSamples(it, timeUs) }
        codec.releaseOutputBuffer(index, false)
    }

    /** The picture goes on without it; nobody is told. */
    override fun tell(trouble: DecoderTrouble?) = Unit

    companion object {
        /** Two seconds. */
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
