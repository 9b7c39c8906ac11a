package app.manyhands.look

import android.content.Context
import android.util.AttributeSet
import android.view.SurfaceView

/** A picture as large as there is room, never stretched. */
class PictureView(
    context: Context,
    attributes: AttributeSet?,
) : SurfaceView(context, attributes) {
    /** Width by height; nothing: all the room there is. */
    var aspect: Float? = null
        set(value) {
            if (field == value) return
            field = value
            requestLayout()
        }

    override fun onMeasure(
        widthSpec: Int,
        heightSpec: Int,
    ) {
        val width = MeasureSpec.getSize(widthSpec)
        val height = MeasureSpec.getSize(heightSpec)
        val wanted = aspect ?: return setMeasuredDimension(width, height)
        if (width > height * wanted) {
            setMeasuredDimension((height * wanted).toInt(), height)
        } else {
            setMeasuredDimension(width, (width / wanted).toInt())
        }
    }
}
