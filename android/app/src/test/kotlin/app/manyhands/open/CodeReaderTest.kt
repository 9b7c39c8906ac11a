package app.manyhands.open

import android.app.Activity
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.Color
import android.net.Uri
import app.manyhands.R
import app.manyhands.core.inspectLink
import app.manyhands.core.shareForms
import app.manyhands.play.AppTest
import app.manyhands.play.await
import app.manyhands.play.elsewhere
import app.manyhands.play.says
import app.manyhands.play.tap
import app.manyhands.watch.WatchScreen
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import java.io.ByteArrayOutputStream

/** Codes that the core draws are read again. */
@RunWith(RobolectricTestRunner::class)
class CodeReaderTest : AppTest() {
    @Test
    fun `the code of a link is found in a camera's picture`() =
        elsewhere { link ->
            val picture = drawn(link)
            val luma = ByteArray(picture.width * picture.height)
            for (i in luma.indices) {
                luma[i] = Color.red(picture.getPixel(i % picture.width, i / picture.width)).toByte()
            }
            val said = checkNotNull(CodeReader.inLuma(luma, picture.width, picture.height))
            assertEquals(inspectLink(link), inspectLink(said))
        }

    @Test
    fun `a picture without a code says nothing`() {
        assertNull(CodeReader.inLuma(ByteArray(100 * 100) { -1 }, 100, 100))
    }

    @Test
    fun `a picture of a code that was chosen opens its link, and another one says what it is not`() =
        elsewhere { link ->
            val screen = start<OpenScreen>().get()
            choose(screen, Bitmap.createBitmap(300, 200, Bitmap.Config.ARGB_8888))
            await("said") { screen.says(R.string.not_a_code) }
            // As large as a photo, so that it is made smaller first.
            choose(screen, Bitmap.createScaledBitmap(drawn(link), LARGE, LARGE, false))
            await("opened") { screen.isFinishing }
            val next = shadowOf(screen).nextStartedActivity
            assertEquals(WatchScreen::class.java.name, next.component?.className)
            val opened = checkNotNull(next.data?.schemeSpecificPart)
            assertEquals(inspectLink(link), inspectLink(opened))
        }

    /** The system's chooser is asked for a picture, and hands this one over. */
    private fun choose(
        screen: Activity,
        picture: Bitmap,
    ) {
        screen.tap(R.id.choose)
        val asked = shadowOf(screen).nextStartedActivityForResult.intent
        assertEquals(Intent.ACTION_GET_CONTENT to "image/*", asked.action to asked.type)
        val place = Uri.parse("content://pictures/${picture.width}")
        val file = ByteArrayOutputStream().also { picture.compress(Bitmap.CompressFormat.PNG, 100, it) }.toByteArray()
        shadowOf(screen.contentResolver).registerInputStreamSupplier(place, file::inputStream)
        shadowOf(screen).receiveResult(asked, Activity.RESULT_OK, Intent().setData(place))
    }

    /** The code of a link, black on white. */
    private fun drawn(link: String): Bitmap {
        val shown = shareForms(link, null)
        val side = shown.codeSide.toInt()
        val width = (side + 2 * QUIET) * FIELD
        val picture = Bitmap.createBitmap(width, width, Bitmap.Config.ARGB_8888)
        picture.eraseColor(Color.WHITE)
        for (y in 0 until side * FIELD) {
            for (x in 0 until side * FIELD) {
                val isBlack = shown.code[y / FIELD * side + x / FIELD].toInt() == 1
                if (isBlack) picture.setPixel(x + QUIET * FIELD, y + QUIET * FIELD, Color.BLACK)
            }
        }
        return picture
    }

    private companion object {
        const val QUIET = 4
        const val FIELD = 4
        const val LARGE = 4_100
    }
}
