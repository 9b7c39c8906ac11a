package app.manyhands.media

import android.graphics.Rect

/** A place in the preview, as parts of its width and of its height. */
data class Spot(
    val x: Float,
    val y: Float,
)

/** What part of its sensor a camera shows, and where on it something lies that is seen in the preview. */
object Aim {
    private const val HALF_TURN = 180
    private const val TURN = 360
    private const val QUARTER = 90
    private const val MIDDLE = 0.5f

    /** Of what is shown, so much is looked at to make it sharp. */
    private const val LOOKED_AT = 0.1f

    /** The middle of the sensor, brought nearer by [zoom]. */
    fun crop(
        sensor: Rect,
        zoom: Float,
    ): Rect {
        val (halfWidth, halfHeight) = (sensor.width() / zoom / 2).toInt() to (sensor.height() / zoom / 2).toInt()
        val (x, y) = sensor.centerX() to sensor.centerY()
        return Rect(x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight)
    }

    /**
     * Where a place lies of a preview that shows all of an upright picture of [picture] (width by height of
     * the stream, lying) but for what its own shape cuts. As parts of the stream's picture, as the sensor lies.
     * [turn] is what that is turned by, degrees with the clock, to stand upright.
     */
    fun onSensor(
        spot: Spot,
        preview: Float,
        picture: Float,
        turn: Int,
        mirrored: Boolean,
    ): Spot {
        val upright = if (turn % HALF_TURN == 0) picture else 1 / picture
        val (across, down) = Turn.cut(upright, preview)
        val x = MIDDLE + (spot.x - MIDDLE) * if (mirrored) -across else across
        val y = MIDDLE + (spot.y - MIDDLE) * down
        return when ((turn % TURN + TURN) % TURN) {
            QUARTER -> Spot(y, 1 - x)
            HALF_TURN -> Spot(1 - x, 1 - y)
            QUARTER + HALF_TURN -> Spot(1 - y, x)
            else -> Spot(x, y)
        }
    }

    /** What is looked at around a place of the stream's picture, which the middle of [crop] is. */
    fun around(
        spot: Spot,
        crop: Rect,
        picture: Float,
    ): Rect {
        val (across, down) = Turn.cut(crop.width().toFloat() / crop.height(), picture)
        val x = crop.centerX() + (spot.x - MIDDLE) * across * crop.width()
        val y = crop.centerY() + (spot.y - MIDDLE) * down * crop.height()
        val half = (crop.height() * LOOKED_AT / 2).toInt()
        val around = Rect(x.toInt() - half, y.toInt() - half, x.toInt() + half, y.toInt() + half)
        return around.apply { check(intersect(crop)) { "a place outside of the picture" } }
    }
}
