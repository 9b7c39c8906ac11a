package app.manyhands.media

import android.media.MediaCodec
import android.media.MediaCodecInfo.CodecCapabilities
import android.media.MediaCodecInfo.CodecProfileLevel
import android.media.MediaCodecInfo.EncoderCapabilities
import android.media.MediaFormat
import android.os.Bundle
import android.os.Handler
import android.view.Surface
import java.nio.ByteBuffer

/** H.264 from a surface. Parameter sets stand in front of each keyframe. */
class PictureEncoder(
    private val settings: PictureSettings,
    handler: Handler,
    private val sink: EncodedSink,
    private val onError: () -> Unit,
) : MediaCodec.Callback(),
    AutoCloseable {
    private val codec = MediaCodec.createEncoderByType(MediaFormat.MIMETYPE_VIDEO_AVC)
    private var sets: ByteArray = ByteArray(0)

    /** Where pictures are drawn. */
    val surface: Surface

    init {
        codec.setCallback(this, handler)
        codec.configure(format(settings, constantRate()), null, null, MediaCodec.CONFIGURE_FLAG_ENCODE)
        surface = codec.createInputSurface()
        codec.start()
    }

    private fun constantRate(): Boolean =
        codec.codecInfo
            .getCapabilitiesForType(MediaFormat.MIMETYPE_VIDEO_AVC)
            .encoderCapabilities
            .isBitrateModeSupported(EncoderCapabilities.BITRATE_MODE_CBR)

    /** The next picture is a keyframe. */
    fun keyframe() = set(MediaCodec.PARAMETER_KEY_REQUEST_SYNC_FRAME, 0)

    /** Another bit rate, without a break. */
    fun rate(bitsPerSecond: Int) = set(MediaCodec.PARAMETER_KEY_VIDEO_BITRATE, bitsPerSecond)

    private fun set(
        name: String,
        value: Int,
    ) = codec.setParameters(Bundle().apply { putInt(name, value) })

    override fun onInputBufferAvailable(
        codec: MediaCodec,
        index: Int,
    ) = Unit

    override fun onOutputBufferAvailable(
        codec: MediaCodec,
        index: Int,
        info: MediaCodec.BufferInfo,
    ) {
        codec.getOutputBuffer(index)?.let { onUnit(it, info) }
        codec.releaseOutputBuffer(index, false)
    }

    private fun onUnit(
        buffer: ByteBuffer,
        info: MediaCodec.BufferInfo,
    ) {
        buffer.limit(info.offset + info.size).position(info.offset)
        val duration = US_PER_S / settings.framesPerSecond
        when {
            info.flags and MediaCodec.BUFFER_FLAG_CODEC_CONFIG != 0 -> {
                sets = ByteArray(info.size).also(buffer::get)
            }

            info.flags and MediaCodec.BUFFER_FLAG_KEY_FRAME != 0 -> {
                sink.picture(behind(sets, buffer), info.presentationTimeUs, duration)
            }

            else -> {
                sink.picture(buffer, info.presentationTimeUs, duration)
            }
        }
    }

    override fun onError(
        codec: MediaCodec,
        e: MediaCodec.CodecException,
    ) = onError()

    override fun onOutputFormatChanged(
        codec: MediaCodec,
        format: MediaFormat,
    ) = Unit

    override fun close() {
        codec.release()
        surface.release()
    }

    companion object {
        private const val US_PER_S = 1_000_000L

        /** One second: -1 and 0 fail on some encoders. */
        private const val KEYFRAME_S = 1

        /** The unit behind the sets, in a buffer that the core can read. */
        fun behind(
            sets: ByteArray,
            unit: ByteBuffer,
        ): ByteBuffer {
            val both = ByteBuffer.allocateDirect(sets.size + unit.remaining()).put(sets).put(unit)
            both.flip()
            return both
        }

        /** What the encoder is asked for. */
        fun format(
            settings: PictureSettings,
            constantRate: Boolean,
        ): MediaFormat =
            MediaFormat
                .createVideoFormat(MediaFormat.MIMETYPE_VIDEO_AVC, settings.width, settings.height)
                .apply {
                    setInteger(MediaFormat.KEY_COLOR_FORMAT, CodecCapabilities.COLOR_FormatSurface)
                    setInteger(MediaFormat.KEY_BIT_RATE, settings.bitsPerSecond)
                    setInteger(MediaFormat.KEY_FRAME_RATE, settings.framesPerSecond)
                    setInteger(MediaFormat.KEY_I_FRAME_INTERVAL, KEYFRAME_S)
                    setInteger(MediaFormat.KEY_PRIORITY, 0)
                    setInteger(MediaFormat.KEY_MAX_B_FRAMES, 0)
                    setInteger(MediaFormat.KEY_PROFILE, CodecProfileLevel.AVCProfileBaseline)
                    setInteger(MediaFormat.KEY_LEVEL, CodecProfileLevel.AVCLevel31)
                    setInteger(MediaFormat.KEY_COLOR_STANDARD, MediaFormat.COLOR_STANDARD_BT709)
                    setInteger(MediaFormat.KEY_COLOR_RANGE, MediaFormat.COLOR_RANGE_LIMITED)
                    setInteger(MediaFormat.KEY_COLOR_TRANSFER, MediaFormat.COLOR_TRANSFER_SDR_VIDEO)
                    if (constantRate) {
                        setInteger(MediaFormat.KEY_BITRATE_MODE, EncoderCapabilities.BITRATE_MODE_CBR)
                    }
                }
    }
}
