package app.manyhands.media

import android.media.AudioAttributes
import android.media.AudioFormat
import android.media.AudioTrack
import android.media.MediaSync
import android.media.PlaybackParams
import android.os.Handler
import android.view.Surface
import java.nio.ByteBuffer

/**
 * Screen and speaker on one clock, by the framework's MediaSync: the sound is the master. On
 * [handler]'s thread.
 */
class Speaker(
    private val handler: Handler,
) : MediaSync.Callback(),
    AutoCloseable {
    private var sync: MediaSync? = null
    private var track: AudioTrack? = null
    private var volume = 1f
    private var buffers = 0

    /** Begins with sound of this kind. */
    fun start(
        rate: Int,
        channels: Int,
    ) {
        close()
        val own = track(rate, channels)
        track = own
        sync =
            MediaSync().also {
                it.setCallback(this, handler)
                it.setAudioTrack(own)
                it.playbackParams = PlaybackParams().setSpeed(1f)
            }
        volume(volume)
    }

    private fun track(
        rate: Int,
        channels: Int,
    ): AudioTrack {
        val mask = if (channels == 1) AudioFormat.CHANNEL_OUT_MONO else AudioFormat.CHANNEL_OUT_STEREO
        val least = AudioTrack.getMinBufferSize(rate, mask, AudioFormat.ENCODING_PCM_16BIT)
        val format = AudioFormat.Builder().setSampleRate(rate).setChannelMask(mask)
        return AudioTrack
            .Builder()
            .setAudioAttributes(AudioAttributes.Builder().setUsage(AudioAttributes.USAGE_MEDIA).build())
            .setAudioFormat(format.setEncoding(AudioFormat.ENCODING_PCM_16BIT).build())
            .setBufferSizeInBytes(least * 2)
            .build()
    }

    /** Samples that belong at this microsecond. */
    fun play(
        samples: ByteBuffer,
        atUs: Long,
    ) {
        val own = ByteBuffer.allocateDirect(samples.remaining()).put(samples)
        own.flip()
        buffers += 1
        sync?.queueAudio(own, buffers, atUs)
    }

    /** When a picture of this microsecond belongs, on System.nanoTime's clock; nothing before sound plays. */
    fun showAtNs(pictureUs: Long): Long? {
        val now = sync?.timestamp?.takeIf { it.mediaClockRate > 0f } ?: return null
        return now.anchorSystemNanoTime + (pictureUs - now.anchorMediaTimeUs) * NS_PER_US
    }

    fun volume(volume: Float) {
        this.volume = volume
        track?.setVolume(volume)
    }

    fun flush() {
        sync?.flush()
    }

    override fun onAudioBufferConsumed(
        sync: MediaSync,
        audioBuffer: ByteBuffer,
        bufferId: Int,
    ) = Unit

    override fun close() {
        sync?.release()
        sync = null
        track?.release()
        track = null
    }

    private companion object {
        const val NS_PER_US = 1_000L
    }
}
