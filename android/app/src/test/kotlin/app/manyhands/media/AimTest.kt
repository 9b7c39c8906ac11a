package app.manyhands.media

import android.graphics.Rect
import org.junit.Assert.assertEquals
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner

/** Where something lies on a camera's sensor that is seen in the preview. */
@RunWith(RobolectricTestRunner::class)
class AimTest {
    private val sensor = Rect(0, 0, 4_000, 3_000)

    @Test
    fun `twice as near is the half of the sensor, around its middle`() {
        assertEquals(sensor, Aim.crop(sensor, 1f))
        assertEquals(Rect(1_000, 750, 3_000, 2_250), Aim.crop(sensor, 2f))
    }

    @Test
    fun `a tapped place is one of the sensor, however it lies`() {
        fun at(
            x: Float,
            y: Float,
            turn: Int,
            mirrored: Boolean = false,
        ) = Aim.onSensor(Spot(x, y), if (turn % 180 == 0) WIDE else 1 / WIDE, WIDE, turn, mirrored)
        // Top left of an upright picture is bottom left of a sensor that lies.
        assertEquals(Spot(0f, 1f), at(0f, 0f, 90))
        assertEquals(Spot(0f, 0f), at(0f, 0f, 90, mirrored = true))
        assertEquals(Spot(0.25f, 0.75f), at(0.25f, 0.75f, 0))
        assertEquals(Spot(1f, 0f), at(0f, 1f, 180))
        assertEquals(Spot(1f, 0f), at(0f, 0f, 270))
        assertEquals("turned with the clock or against", at(0f, 0f, 270), at(0f, 0f, -90))
    }

    @Test
    fun `what the preview cuts is not looked at`() {
        // Half as wide as the picture is: its edges are at a quarter and at three.
        assertEquals(Spot(0.25f, 0f), Aim.onSensor(Spot(0f, 0f), WIDE / 2, WIDE, 0, mirrored = false))
    }

    @Test
    fun `what is looked at lies in what is shown`() {
        val crop = Aim.crop(sensor, 2f)
        assertEquals(Rect(1_925, 1_425, 2_075, 1_575), Aim.around(Spot(0.5f, 0.5f), crop, WIDE))
        // The stream is wider than the sensor: above and below something of that is not in it.
        val (across, down) = Turn.cut(4f / 3, WIDE)
        assertEquals(1f, across)
        val top = (1_500 - down * 1_500 / 2).toInt()
        assertEquals(Rect(1_000, top - 75, 1_075, top + 75), Aim.around(Spot(0f, 0f), crop, WIDE))
    }

    private companion object {
        const val WIDE = 16f / 9
    }
}
