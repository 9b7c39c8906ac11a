package app.manyhands.media

import android.annotation.SuppressLint
import android.media.AudioFormat
import android.media.AudioRecord
import android.media.AudioTimestamp
import android.media.MediaCodec
import android.media.MediaCodecInfo.CodecProfileLevel
import android.media.MediaFormat
import android.media.MediaRecorder
import java.nio.ByteBuffer
import kotlin.concurrent.thread

/** AAC-LC from the microphone, one channel at 48 kHz, on a thread of its own. */
class SoundEncoder(
    private val sink: EncodedSink,
) : AutoCloseable {
    private val codec = MediaCodec.createEncoderByType(MediaFormat.MIMETYPE_AUDIO_AAC)

    @SuppressLint("MissingPermission")
    private val microphone = AudioRecord(MediaRecorder.AudioSource.CAMCORDER, RATE, CHANNEL, PCM, BUFFER)
    private val time = AudioTimestamp()

    /** Off: what is heard is silence. */
    @Volatile
    var on = true

    @Volatile
    private var running = true

    init {
        codec.configure(format(), null, null, MediaCodec.CONFIGURE_FLAG_ENCODE)
        codec.start()
        microphone.startRecording()
        thread(name = "sound", isDaemon = true) { run() }
    }

    private fun run() {
        val info = MediaCodec.BufferInfo()
        var samples = 0L
        while (running) {
            samples += feed(samples)
            drain(info)
        }
        microphone.release()
        codec.release()
    }

    /** One buffer of samples into the encoder; gives how many there were. */
    private fun feed(before: Long): Int {
        val index = codec.dequeueInputBuffer(WAIT_US)
        val buffer = if (index < 0) null else codec.getInputBuffer(index)
        if (buffer == null) return 0
        buffer.clear()
        val bytes = microphone.read(buffer, minOf(FRAME_BYTES, buffer.remaining())).coerceAtLeast(0)
        if (!on) silence(buffer, bytes)
        codec.queueInputBuffer(index, 0, bytes, capturedUs(before), 0)
        return bytes / BYTES_PER_SAMPLE
    }

    /** When the sample after [before] ones was heard. Where the microphone can't tell, about now. */
    private fun capturedUs(before: Long): Long {
        val known = microphone.getTimestamp(time, AudioTimestamp.TIMEBASE_MONOTONIC) == AudioRecord.SUCCESS
        return if (known) {
            time.nanoTime / NS_PER_US + (before - time.framePosition) * US_PER_S / RATE
        } else {
            (System.nanoTime() - FRAME_NS) / NS_PER_US
        }
    }

    private fun drain(info: MediaCodec.BufferInfo) {
        while (true) {
            val index = codec.dequeueOutputBuffer(info, 0)
            if (index == MediaCodec.INFO_TRY_AGAIN_LATER) return
            if (index < 0) continue
            val isSound = info.flags and MediaCodec.BUFFER_FLAG_CODEC_CONFIG == 0
            if (isSound) {
                codec.getOutputBuffer(index)?.let {
                    it.limit(info.offset + info.size).position(info.offset)
                    sink.sound(it, info.presentationTimeUs)
                }
            }
            codec.releaseOutputBuffer(index, false)
        }
    }

    override fun close() {
        running = false
    }

    companion object {
        private const val RATE = 48_000
        private const val CHANNEL = AudioFormat.CHANNEL_IN_MONO
        private const val PCM = AudioFormat.ENCODING_PCM_16BIT
        private const val BYTES_PER_SAMPLE = 2
        private const val FRAME_SAMPLES = 1_024
        private const val FRAME_BYTES = FRAME_SAMPLES * BYTES_PER_SAMPLE

        /** About 340 ms: no sound is lost while the thread waits. */
        private const val BUFFER = FRAME_BYTES * 16
        private const val WAIT_US = 10_000L
        private const val NS_PER_US = 1_000L
        private const val US_PER_S = 1_000_000L
        private const val FRAME_NS = FRAME_SAMPLES * 1_000_000_000L / RATE

        /** The first [bytes] become silence. */
        fun silence(
            buffer: ByteBuffer,
            bytes: Int,
        ) = repeat(bytes) { buffer.put(it, 0) }

        /** What the encoder is asked for. */
        fun format(): MediaFormat =
            MediaFormat.createAudioFormat(MediaFormat.MIMETYPE_AUDIO_AAC, RATE, 1).apply {
                setInteger(MediaFormat.KEY_AAC_PROFILE, CodecProfileLevel.AACObjectLC)
                setInteger(MediaFormat.KEY_BIT_RATE, Quality.SOUND_BITS)
                setInteger(MediaFormat.KEY_MAX_INPUT_SIZE, FRAME_BYTES)
            }
    }
}
