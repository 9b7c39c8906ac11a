package app.manyhands.open

import app.manyhands.core.inspectLink
import app.manyhands.core.shareForms
import app.manyhands.play.elsewhere
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner

/** Codes that the core draws are read again. */
@RunWith(RobolectricTestRunner::class)
class CodeReaderTest {
    @Test
    fun `the code of a link is found in a camera's picture`() =
        elsewhere { link ->
            val shown = shareForms(link, null)
            val side = shown.codeSide.toInt()
            val width = (side + 2 * QUIET) * FIELD
            val luma = ByteArray(width * width) { WHITE }
            for (y in 0 until side * FIELD) {
                for (x in 0 until side * FIELD) {
                    val isBlack = shown.code[y / FIELD * side + x / FIELD].toInt() == 1
                    if (isBlack) luma[(y + QUIET * FIELD) * width + x + QUIET * FIELD] = 0
                }
            }
            val said = checkNotNull(CodeReader.inLuma(luma, width, width))
            assertEquals(inspectLink(link), inspectLink(said))
        }

    @Test
    fun `a picture without a code says nothing`() {
        assertNull(CodeReader.inLuma(ByteArray(100 * 100) { WHITE }, 100, 100))
    }

    private companion object {
        const val QUIET = 4
        const val FIELD = 4
        const val WHITE: Byte = -1
    }
}
