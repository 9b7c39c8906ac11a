package app.manyhands.look

import android.content.Context
import android.util.AttributeSet
import android.view.View
import android.view.ViewGroup

/** Children side by side, from the start; the next row begins where there is no more room. */
class Flow(
    context: Context,
    attributes: AttributeSet?,
) : ViewGroup(context, attributes) {
    private val gap = (GAP_DP * resources.displayMetrics.density).toInt()
    private val rows = mutableListOf<MutableList<View>>()

    private fun present() = (0 until childCount).map(::getChildAt).filter { it.visibility != GONE }

    override fun onMeasure(
        widthSpec: Int,
        heightSpec: Int,
    ) {
        val room = MeasureSpec.getSize(widthSpec) - paddingLeft - paddingRight
        present().forEach { measureChild(it, widthSpec, heightSpec) }
        fill(room)
        val height = rows.sumOf(::heightOf) + gap * (rows.size - 1).coerceAtLeast(0)
        setMeasuredDimension(MeasureSpec.getSize(widthSpec), height + paddingTop + paddingBottom)
    }

    private fun fill(room: Int) {
        rows.clear()
        var left = 0
        for (child in present()) {
            if (rows.isEmpty() || child.measuredWidth > left) {
                rows.add(mutableListOf())
                left = room
            }
            rows.last().add(child)
            left -= child.measuredWidth + gap
        }
    }

    private fun heightOf(row: List<View>) = row.maxOf { it.measuredHeight }

    override fun onLayout(
        changed: Boolean,
        left: Int,
        top: Int,
        right: Int,
        bottom: Int,
    ) {
        val mirrored = layoutDirection == LAYOUT_DIRECTION_RTL
        var y = paddingTop
        for (row in rows) {
            var x = paddingStart
            for (child in row) {
                val at = if (mirrored) width - x - child.measuredWidth else x
                val down = y + (heightOf(row) - child.measuredHeight) / 2
                child.layout(at, down, at + child.measuredWidth, down + child.measuredHeight)
                x += child.measuredWidth + gap
            }
            y += heightOf(row) + gap
        }
    }

    private companion object {
        const val GAP_DP = 8
    }
}
