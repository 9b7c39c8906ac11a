package app.manyhands.live

import app.manyhands.app.Endpoint
import app.manyhands.core.AudioCodec
import app.manyhands.core.AudioTrack
import app.manyhands.core.ChannelKeys
import app.manyhands.core.DeviceState
import app.manyhands.core.Failure
import app.manyhands.core.Framing
import app.manyhands.core.GoLive
import app.manyhands.core.Times
import app.manyhands.core.VideoTrack
import app.manyhands.keep.Start
import app.manyhands.media.EncodedSink
import app.manyhands.media.PictureSettings
import app.manyhands.media.Quality
import app.manyhands.media.forCore
import app.manyhands.stream.Broadcasting
import java.nio.ByteBuffer

/** From the encoders to the core, on the encoders' threads. */
class Feeding(
    private val broadcasting: Broadcasting,
    /** The core has dropped a picture, and needs a keyframe. */
    private val onDropped: () -> Unit,
) : EncodedSink {
    override fun picture(
        unit: ByteBuffer,
        timeUs: Long,
        durationUs: Long,
    ) = pushed {
        val at = ticks(timeUs, PICTURE_TICKS)
        broadcasting.pushVideo(unit, Times(at, at, ticks(durationUs, PICTURE_TICKS).toUInt()))
    }

    override fun sound(
        unit: ByteBuffer,
        timeUs: Long,
    ) = pushed {
        val at = ticks(timeUs, SOUND_TICKS)
        broadcasting.pushAudio(unit, Times(at, at, SAMPLES))
    }

    /** One bad or late unit must not end a broadcast; one after the end is nobody's loss. */
    private fun pushed(push: () -> Unit) {
        try {
            push()
        } catch (_: Failure.Dropped) {
            onDropped()
        } catch (_: Failure.BadUnit) {
            onDropped()
        } catch (_: Failure.Ended) {
            return
        }
    }

    companion object {
        const val PICTURE_TICKS = 90_000L
        const val SOUND_TICKS = 48_000L
        private const val US = 1_000_000L

        /** AAC-LC has 1,024 samples in a frame. */
        private const val SAMPLES = 1_024u

        private fun ticks(
            us: Long,
            ticksPerSecond: Long,
        ) = us / US * ticksPerSecond + us % US * ticksPerSecond / US

        /** What the core is told about the encoders. */
        fun options(
            title: String,
            keys: ChannelKeys,
            start: Start,
            picture: PictureSettings,
            device: DeviceState,
            endpoint: Endpoint,
        ) = GoLive(
            title = title,
            keys = keys,
            broadcast = start.broadcast.toULong(),
            startedMs = start.startedMs.toULong(),
            `private` = false,
            video = VideoTrack(PICTURE_TICKS.toUInt(), picture.bitsPerSecond.toUInt(), 0u, Framing.START_CODES),
            audio =
                AudioTrack(
                    SOUND_TICKS.toUInt(),
                    Quality.SOUND_BITS.toUInt(),
                    AudioCodec.Aac,
                    SOUND_TICKS.toUInt(),
                    1u,
                ),
            picture = picture.forCore(),
            device = device,
            listen = endpoint.listen,
            dht = endpoint.dht,
        )
    }
}
