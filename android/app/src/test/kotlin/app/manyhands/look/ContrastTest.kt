package app.manyhands.look

import android.graphics.Color
import android.widget.TextView
import app.manyhands.R
import app.manyhands.play.Phone
import app.manyhands.play.picture
import app.manyhands.play.settle
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment

/** The colours themselves, by day and by night, as the screens are specified. */
@RunWith(RobolectricTestRunner::class)
class ContrastTest {
    private fun color(id: Int) = RuntimeEnvironment.getApplication().getColor(id)

    /** Each colour on the page and on a field. */
    private fun holds(vararg wanted: Pair<Int, Pair<Double, Double>>) {
        for ((id, ratios) in wanted) {
            assertEquals(ratios.first, contrast(color(id), color(R.color.bg)), ROUNDED)
            assertEquals(ratios.second, contrast(color(id), color(R.color.raised)), ROUNDED)
        }
    }

    @Test
    fun `by day`() {
        RuntimeEnvironment.setQualifiers("notnight")
        holds(
            R.color.text to (16.7 to 13.7),
            R.color.text2 to (7.6 to 6.2),
            R.color.accent to (6.4 to 5.2),
            R.color.good to (6.9 to 5.7),
            R.color.fair to (7.4 to 6.1),
            R.color.poor to (6.9 to 5.7),
            R.color.outline to (4.7 to 3.8),
            R.color.focus to (6.4 to 5.2),
        )
        assertEquals(6.4, contrast(color(R.color.on_accent), color(R.color.accent)), ROUNDED)
    }

    @Test
    fun `by night`() {
        RuntimeEnvironment.setQualifiers("night")
        holds(
            R.color.text to (16.5 to 12.0),
            R.color.text2 to (9.9 to 7.3),
            R.color.accent to (11.2 to 8.2),
            R.color.good to (10.8 to 7.9),
            R.color.fair to (11.8 to 8.7),
            R.color.poor to (10.7 to 7.8),
            R.color.outline to (6.1 to 4.5),
            R.color.focus to (10.3 to 7.5),
        )
        assertEquals(8.3, contrast(color(R.color.on_accent), color(R.color.accent)), ROUNDED)
    }

    @Test
    fun `over the brightest picture, and on red`() {
        val ground = color(R.color.scrim).over(Color.WHITE)
        val over =
            mapOf(
                R.color.on_scrim to 9.3,
                R.color.on_scrim_good to 5.4,
                R.color.on_scrim_fair to 5.9,
                R.color.on_scrim_poor to 5.3,
            )
        for ((id, ratio) in over) assertEquals(ratio, contrast(color(id), ground), ROUNDED)
        assertEquals(6.0, contrast(color(R.color.on_live), color(R.color.live)), ROUNDED)
    }

    @Test
    fun `words that are like their ground are noticed`() {
        val screen = SCENES.first { it.name == "home" }.open(Phone())
        val words = screen.requireViewById<TextView>(R.id.go_live)

        fun seen() = checkNotNull(contrast(words, screen.picture("contrast-twin/home")))
        assertTrue("${seen()}", seen() >= LEAST_CONTRAST)
        words.setTextColor(color(R.color.text2))
        settle()
        assertTrue("${seen()}", seen() < LEAST_CONTRAST)
    }

    private companion object {
        /** The specification has one digit after the point. */
        const val ROUNDED = 0.06
    }
}
