package app.manyhands.invite

import android.content.Context
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Paint
import android.util.AttributeSet
import android.view.View
import app.manyhands.core.ShareForms

/** A link's code: black on white in the dark too, with the quiet zone that scanners want. */
class CodeView(
    context: Context,
    attributes: AttributeSet?,
) : View(context, attributes) {
    private val black = Paint().apply { color = Color.BLACK }

    /** What is drawn. */
    var code: ShareForms? = null
        set(value) {
            field = value
            invalidate()
        }

    override fun onDraw(canvas: Canvas) {
        canvas.drawColor(Color.WHITE)
        val shown = code ?: return
        val side = shown.codeSide.toInt()
        // Whole pixels: edges between fields stay sharp.
        val field = minOf(width, height) / (side + 2 * QUIET)
        val left = (width - field * side) / 2
        val top = (height - field * side) / 2
        for (y in 0 until side) {
            for (x in 0 until side) {
                if (shown.code[y * side + x] == BLACK) square(canvas, left + x * field, top + y * field, field)
            }
        }
    }

    private fun square(
        canvas: Canvas,
        left: Int,
        top: Int,
        side: Int,
    ) = canvas.drawRect(left.toFloat(), top.toFloat(), (left + side).toFloat(), (top + side).toFloat(), black)

    private companion object {
        /** Fields that stay white around it (ISO/IEC 18004, 9.1). */
        const val QUIET = 4
        const val BLACK: Byte = 1
    }
}
