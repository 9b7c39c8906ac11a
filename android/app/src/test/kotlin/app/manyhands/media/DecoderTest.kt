package app.manyhands.media

import android.graphics.SurfaceTexture
import android.media.MediaCodec
import android.os.Handler
import android.os.Looper
import android.view.Surface
import app.manyhands.core.Times
import app.manyhands.core.VideoFormat
import app.manyhands.core.VideoUnit
import app.manyhands.play.settle
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNotSame
import org.junit.Assert.assertNull
import org.junit.Assert.assertSame
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.shadows.ShadowMediaCodec
import org.robolectric.util.ReflectionHelpers
import org.robolectric.util.ReflectionHelpers.ClassParameter.from

/** The picture's decoder against the system's own class: what goes into it, and when it begins anew. */
@RunWith(RobolectricTestRunner::class)
class DecoderTest {
    private val fed = mutableListOf<Byte>()
    private val told = mutableListOf<DecoderTrouble?>()
    private val decoder = PictureDecoder(Handler(Looper.getMainLooper()), { null }, told::add)
    private val format = VideoFormat(90_000u, 320u, 180u, 0u, listOf(byteArrayOf(7)), listOf(byteArrayOf(8)))
    private var number = 0L

    init {
        val codec =
            ShadowMediaCodec.CodecConfig(SIZE, SIZE) { input, output ->
                fed += input.get(input.position())
                output.put(input)
            }
        ShadowMediaCodec.addDecoder("video/avc", codec)
    }

    private fun take(
        mark: Byte,
        keyframe: Boolean,
        first: Boolean = false,
    ) {
        number += 1
        val times = Times(number, number, 1u)
        decoder.take(VideoUnit(byteArrayOf(mark), times, keyframe, number, format.takeIf { first }))
        settle()
    }

    private fun screen() = Surface(SurfaceTexture(0))

    private fun fail() {
        val running = checkNotNull(decoder.codec)
        val error =
            ReflectionHelpers.callConstructor(
                MediaCodec.CodecException::class.java,
                from(Int::class.javaPrimitiveType, 0),
                from(Int::class.javaPrimitiveType, 0),
                from(String::class.java, "it broke"),
            )
        decoder.onError(running, error)
        settle()
    }

    @Test
    fun `an error in the middle waits for a keyframe, and is over with the first picture`() {
        decoder.surface(screen())
        take(1, keyframe = true, first = true)
        take(2, keyframe = false)
        val before = checkNotNull(decoder.codec)
        fail()
        assertNotSame(before, decoder.codec)
        take(3, keyframe = false)
        take(4, keyframe = true)
        take(5, keyframe = false)
        assertEquals(listOf<Byte>(1, 2, 4, 5), fed)
        assertEquals(listOf(DecoderTrouble.RESTARTING, null), told)
    }

    @Test
    fun `three errors in a row are the last`() {
        decoder.surface(screen())
        take(1, keyframe = true, first = true)
        repeat(3) { fail() }
        take(2, keyframe = true)
        assertEquals(listOf<Byte>(1), fed)
        assertNull(decoder.codec)
        assertEquals(DecoderTrouble.GAVE_UP, told.last())
    }

    @Test
    fun `without a surface pictures are let go, and with one they are back at a keyframe`() {
        decoder.surface(screen())
        take(1, keyframe = true, first = true)
        decoder.surface(null)
        assertNull(decoder.codec)
        take(2, keyframe = true)
        decoder.surface(screen())
        assertNotNull(decoder.codec)
        take(3, keyframe = false)
        take(4, keyframe = true)
        assertEquals(listOf<Byte>(1, 4), fed)
    }

    @Test
    fun `another surface goes on with the same decoder`() {
        decoder.surface(screen())
        take(1, keyframe = true, first = true)
        val running = decoder.codec
        decoder.surface(screen())
        assertSame(running, decoder.codec)
    }

    private companion object {
        const val SIZE = 1_000
    }
}
