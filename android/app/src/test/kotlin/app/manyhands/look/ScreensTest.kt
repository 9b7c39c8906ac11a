package app.manyhands.look

import android.app.Activity
import android.graphics.Bitmap
import android.graphics.Rect
import android.view.View
import android.view.ViewGroup
import android.widget.Space
import android.widget.TextView
import app.manyhands.play.Phone
import app.manyhands.play.picture
import app.manyhands.play.seen
import org.junit.Assert.assertEquals
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.ParameterizedRobolectricTestRunner
import org.robolectric.ParameterizedRobolectricTestRunner.Parameters
import org.robolectric.RuntimeEnvironment

/** How a phone can be: its size, language, text and light. */
enum class Form(
    val qualifiers: String,
    val fontScale: Float = 1f,
) {
    LIGHT("en-w411dp-h891dp-notnight-xhdpi"),
    DARK("en-w411dp-h891dp-night-xhdpi"),
    LARGE_TEXT("de-w411dp-h891dp-notnight-xhdpi", 2f),
    LANDSCAPE("es-w891dp-h411dp-land-notnight-xhdpi"),
    RIGHT_TO_LEFT("ar-ldrtl-w411dp-h891dp-notnight-xhdpi"),
    SMALL("de-w320dp-h533dp-notnight-hdpi"),
}

/** Every screen in every state on every phone: drawn, and looked through for what nobody could use. */
@RunWith(ParameterizedRobolectricTestRunner::class)
class ScreensTest(
    private val form: Form,
) {
    @Test
    fun `B39 nothing is clipped, overlaps or is faint, and every control is labelled and large enough`() {
        RuntimeEnvironment.setQualifiers(form.qualifiers)
        RuntimeEnvironment.setFontScale(form.fontScale)
        val wrong =
            SCENES.flatMap { scene ->
                val screen = scene.open(Phone())
                val picture = screen.picture("${form.name.lowercase()}/${scene.name}")
                (clipped(screen) + overlapping(screen) + unlabelled(screen) + small(screen) + faint(screen, picture))
                    .map { "${scene.name}: $it" }
                    .also { screen.finish() }
            }
        assertEquals("", wrong.joinToString("\n"))
    }

    /** Words that are cut off, and views that leave the view that they are in, if that can't be scrolled. */
    private fun clipped(screen: Activity): List<String> =
        screen.seen().filterIsInstance<TextView>().mapNotNull { view ->
            val layout = view.layout ?: return@mapNotNull null
            val room = view.height - view.totalPaddingTop - view.totalPaddingBottom
            val ellipsis = (0 until layout.lineCount).any { layout.getEllipsisCount(it) > 0 }
            if (layout.height > room + 1 || ellipsis) "clipped: ${named(view)}" else null
        } + screen.seen().filter(::leaves).map { "outside: ${named(it)}" }

    private fun leaves(view: View): Boolean {
        val parent = view.parent as? ViewGroup ?: return false
        val tooWide = view.left < 0 || view.right > parent.width
        val tooHigh = view.top < 0 || view.bottom > parent.height
        return view.width > 0 && (tooWide || (tooHigh && parent !is android.widget.ScrollView))
    }

    /** Words and controls on each other, but for sheets, which cover what is under them. */
    private fun overlapping(screen: Activity): List<String> {
        val leaves = screen.seen().filter { it !is ViewGroup && it !is Space && (it is TextView || it.isClickable) }
        val pairs = leaves.flatMapIndexed { i, one -> leaves.drop(i + 1).map { one to it } }
        return pairs.filter { (one, two) -> touch(one, two) }.map { (one, two) -> "${named(one)} on ${named(two)}" }
    }

    private fun touch(
        one: View,
        two: View,
    ): Boolean {
        val first = Rect()
        val second = Rect()
        val both = one.getGlobalVisibleRect(first) && two.getGlobalVisibleRect(second)
        first.inset(1, 1)
        return both && covered(one) == covered(two) && Rect.intersects(first, second.apply { inset(1, 1) })
    }

    /** What stands in a sheet over the rest. */
    private fun covered(view: View): Boolean = generateSequence(view) { it.parent as? View }.any { it.id in SHEETS }

    private fun unlabelled(screen: Activity): List<String> =
        screen.seen().filter { it.isClickable && it.id !in SHEETS }.mapNotNull { view ->
            val node = view.createAccessibilityNodeInfo()
            val label = node.contentDescription ?: node.text ?: node.hintText
            if (label.isNullOrEmpty()) "no label: ${named(view)}" else null
        }

    private fun small(screen: Activity): List<String> {
        val least = (LEAST_DP * screen.resources.displayMetrics.density).toInt()
        return screen.seen().filter { it.isClickable }.mapNotNull { view ->
            if (view.width < least || view.height < least) {
                "${view.width}×${view.height} is under $least: ${named(view)}"
            } else {
                null
            }
        }
    }

    /** Words that are too like what is behind them. What can't be tapped now may be (WCAG 2.2, 1.4.3). */
    private fun faint(
        screen: Activity,
        picture: Bitmap,
    ): List<String> {
        val sheet = screen.seen().any { it.id in SHEETS }
        val words = screen.seen().filterIsInstance<TextView>().filter { it.isEnabled && covered(it) == sheet }
        return words.mapNotNull { view ->
            val ratio = contrast(view, picture) ?: return@mapNotNull null
            if (ratio < LEAST_CONTRAST) "contrast %.1f: %s".format(ratio, named(view)) else null
        }
    }

    private fun named(view: View): String {
        val id = if (view.id == View.NO_ID) view.javaClass.simpleName else view.resources.getResourceEntryName(view.id)
        return if (view is TextView) "$id “${view.text.take(SHOWN)}”" else id
    }

    companion object {
        private const val LEAST_DP = 48
        private const val SHOWN = 40
        private val SHEETS =
            setOf(app.manyhands.R.id.end_sheet, app.manyhands.R.id.ended_part, app.manyhands.R.id.large)

        @JvmStatic
        @Parameters(name = "{0}")
        fun forms(): List<Array<Any>> = Form.entries.map { arrayOf(it) }
    }
}
