package app.manyhands.media

import android.media.MediaFormat
import app.manyhands.core.AudioCodec
import app.manyhands.core.AudioFormat
import app.manyhands.core.VideoFormat
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import java.nio.ByteBuffer

/** What encoders and decoders are told, and the arithmetic beside them: all of it but the silicon. */
@RunWith(RobolectricTestRunner::class)
class SeamTest {
    @Test
    fun `the picture's encoder is asked for what a live picture needs`() {
        val format = PictureEncoder.format(Quality.CHOSEN.held(0), constantRate = true)
        assertEquals(720 to 1280, format.getInteger(MediaFormat.KEY_WIDTH) to format.getInteger(MediaFormat.KEY_HEIGHT))
        assertEquals(0, format.getInteger(MediaFormat.KEY_MAX_B_FRAMES))
        assertEquals(1, format.getInteger(MediaFormat.KEY_I_FRAME_INTERVAL))
        assertEquals(MediaFormat.COLOR_STANDARD_BT709, format.getInteger(MediaFormat.KEY_COLOR_STANDARD))
        assertTrue(format.containsKey(MediaFormat.KEY_BITRATE_MODE))
        assertFalse(
            PictureEncoder.format(Quality.CHOSEN, constantRate = false).containsKey(MediaFormat.KEY_BITRATE_MODE),
        )
        assertFalse(format.containsKey(MediaFormat.KEY_OPERATING_RATE))
    }

    @Test
    fun `parameter sets stand in front of a keyframe, in a direct buffer`() {
        val both = PictureEncoder.behind(byteArrayOf(1, 2), ByteBuffer.wrap(byteArrayOf(9, 3, 4)).apply { position(1) })
        assertTrue(both.isDirect)
        assertArrayEquals(byteArrayOf(1, 2, 3, 4), ByteArray(both.remaining()).also(both::get))
    }

    @Test
    fun `muted samples are silence`() {
        val samples = ByteBuffer.allocateDirect(4).put(byteArrayOf(1, 2, 3, 4))
        SoundEncoder.silence(samples, 3)
        assertEquals(listOf<Byte>(0, 0, 0, 4), (0 until 4).map(samples::get))
    }

    @Test
    fun `decoders get the stream's own settings`() {
        val video = VideoFormat(90_000u, 320u, 180u, 90u, listOf(byteArrayOf(7)), listOf(byteArrayOf(8)))
        val picture = PictureDecoder.mediaFormat(video)
        assertEquals(ByteBuffer.wrap(byteArrayOf(0, 0, 0, 1, 7)), picture.getByteBuffer("csd-0"))
        assertEquals(90, picture.getInteger(MediaFormat.KEY_ROTATION))
        val opus = AudioFormat(48_000u, AudioCodec.Opus(312u), 48_000u, 2u, byteArrayOf(1))
        val sound = SoundDecoder.mediaFormat(opus)
        assertEquals(MediaFormat.MIMETYPE_AUDIO_OPUS, sound.getString(MediaFormat.KEY_MIME))
        val skip = checkNotNull(sound.getByteBuffer("csd-1")).order(java.nio.ByteOrder.nativeOrder())
        assertEquals(6_500_000L, skip.getLong(0))
    }

    @Test
    fun `a camera's stamp comes to the shared clock, whichever clock it is on`() {
        val slept = 5_000_000_000L
        val now = 100_000_000_000L
        assertEquals(99_990_000L, Clock.ofCamera(now - 10_000_000, now, now + slept))
        assertEquals(99_990_000L, Clock.ofCamera(now + slept - 10_000_000, now, now + slept))
        assertEquals(99_990_000L, Clock.ofCamera(now - 10_000_000, now, now))
    }

    @Test
    fun `a picture that does not fit is cut, never stretched`() {
        assertEquals(0.5f to 1f, Turn.cut(2f, 1f))
        assertEquals(1f to 0.5f, Turn.cut(1f, 2f))
        assertEquals(1f to 1f, Turn.cut(1.5f, 1.5f))
    }

    @Test
    fun `twenty of thirty pictures a second are let through`() {
        val pace = Pace(20)
        assertEquals(20, (0 until 30).count { pace.isDue(it * 1_000_000L / 30) })
        val all = Pace(30)
        assertEquals(30, (0 until 30).count { all.isDue(it * 1_000_000L / 30) })
    }
}
