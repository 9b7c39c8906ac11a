package app.manyhands.media

import android.media.MediaCodec
import android.media.MediaFormat
import android.os.Build
import android.os.Handler
import android.view.Surface
import app.manyhands.core.VideoFormat
import app.manyhands.core.VideoUnit
import java.nio.ByteBuffer

/** H.264 to a surface. On [handler]'s thread. */
class PictureDecoder(
    handler: Handler,
    /** The microsecond at which a picture is to be shown, of System.nanoTime's clock; nothing: at once. */
    private val showAtNs: (Long) -> Long?,
    private val told: (DecoderTrouble?) -> Unit,
) : Decoder(handler, MOST_WAITING) {
    private var format: VideoFormat? = null
    private var surface: Surface? = null

    /** Where it is shown; nothing: pictures are let go, until there is one and a keyframe. */
    fun surface(surface: Surface?) {
        this.surface = surface
        val running = codec
        if (surface == null || running == null) restart() else guarded { running.setOutputSurface(surface) }
    }

    /** Takes a picture. */
    fun take(unit: VideoUnit) {
        val next = unit.format
        if (next != null && next != format) {
            format = next
            restart()
        }
        take(unit.data, unit.times.pts, unit.keyframe)
    }

    override fun begin() {
        val shown = surface ?: return
        val known = format ?: return
        start(mediaFormat(known), known.timescale.toLong(), shown)
    }

    override fun out(
        codec: MediaCodec,
        index: Int,
        timeUs: Long,
    ) {
        val at = showAtNs(timeUs)
        val late = at != null && System.nanoTime() - at > LATE_NS
        if (at == null || late) codec.releaseOutputBuffer(index, !late) else codec.releaseOutputBuffer(index, at)
    }

    override fun tell(trouble: DecoderTrouble?) = told(trouble)

    companion object {
        private const val LATE_NS = 40_000_000L

        /** Two seconds. */
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
