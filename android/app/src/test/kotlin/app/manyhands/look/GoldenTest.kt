package app.manyhands.look

import android.app.Activity
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.widget.TextView
import app.manyhands.R
import app.manyhands.play.Phone
import app.manyhands.play.picture
import app.manyhands.play.settle
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import java.io.File
import kotlin.math.abs

/**
 * The main state of each screen, held against its picture in `android/golden`. What it looks like now is
 * in `target/ci/android/pictures/golden`; where that is as it should be, it is copied there.
 */
@RunWith(RobolectricTestRunner::class)
class GoldenTest {
    @Before
    fun takePhone() = RuntimeEnvironment.setQualifiers("en-w411dp-h891dp-notnight-mdpi")

    @Test
    fun `the main state of each screen looks as it did`() {
        val kept = GOLDEN.listFiles().orEmpty().map { it.name.removeSuffix(".png") }
        val all = (MAIN + kept).distinct().associateWith(::off)
        assertEquals(emptyMap<String, Int>(), all.filterValues { it > MOST_PIXELS })
    }

    @Test
    fun `a word that is another is noticed`() {
        val screen = opened("home")
        val title = screen.requireViewById<TextView>(R.id.go_live)
        title.text = title.text.reversed()
        settle()
        assertTrue(off(screen.picture("golden-twin/home"), checkNotNull(golden("home"))) > MOST_PIXELS)
    }

    /** Pixels of this scene that are not as they were. */
    private fun off(name: String): Int {
        val screen = opened(name)
        return off(screen.picture("golden/$name"), golden(name)).also { screen.finish() }
    }

    private fun opened(name: String): Activity = SCENES.first { it.name == name }.open(Phone(NOON_MS))

    private fun golden(name: String): Bitmap? = BitmapFactory.decodeFile(File(GOLDEN, "$name.png").path)

    private fun off(
        now: Bitmap,
        golden: Bitmap?,
    ): Int {
        if (golden == null || now.width != golden.width || now.height != golden.height) return now.width * now.height
        return pixels(now).zip(pixels(golden)).count { (one, two) ->
            BYTES.any { shift -> abs((one shr shift and BYTE) - (two shr shift and BYTE)) > MOST_LEVELS }
        }
    }

    private fun pixels(picture: Bitmap) =
        IntArray(picture.width * picture.height).also {
            picture.getPixels(it, 0, picture.width, 0, 0, picture.width, picture.height)
        }

    private companion object {
        val GOLDEN = File(System.getProperty("basedir"), "golden")

        /** One state of each screen. */
        val MAIN = listOf("home", "welcome", "ask", "invite", "open", "lend", "preview", "live", "ended", "watch")

        /** 26 November 2026, everywhere between Hawaii and Auckland. */
        const val NOON_MS = 1_795_690_800_000L

        /** Fonts and drawing code come with the tests, so nothing but rounding may differ between machines. */
        const val MOST_LEVELS = 8
        const val MOST_PIXELS = 40
        const val BYTE = 0xff
        val BYTES = listOf(0, 8, 16, 24)
    }
}
