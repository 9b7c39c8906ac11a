package app.manyhands.behaviour

import android.app.Activity
import android.os.SystemClock
import android.view.MotionEvent
import android.view.View
import app.manyhands.R
import app.manyhands.live.LiveScreen
import app.manyhands.media.Spot
import app.manyhands.play.AppTest
import app.manyhands.play.settle
import app.manyhands.play.settleFor
import app.manyhands.play.tap
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf

/** S2 and S3: nearer by two fingers or a button, sharp by a tap. */
@RunWith(RobolectricTestRunner::class)
class AimTest : AppTest() {
    private fun preview(zoomMost: Float): LiveScreen {
        val screen = start<LiveScreen>().get()
        phone.capture.zoomMost = zoomMost
        phone.capture.onCamera(null)
        settle()
        return screen
    }

    @Test
    fun `buttons bring it nearer as far as the camera can, and the other camera begins as new`() {
        val screen = preview(2f)
        val (nearer, farther) = listOf(R.id.zoom_in, R.id.zoom_out).map { screen.requireViewById<View>(it) }
        assertTrue(nearer.isShown && nearer.isEnabled && !farther.isEnabled)
        repeat(2) { screen.tap(R.id.zoom_in) }
        assertEquals(2f, phone.capture.zoom)
        assertFalse(nearer.isEnabled)
        screen.tap(R.id.zoom_out)
        assertTrue(phone.capture.zoom < 2f && nearer.isEnabled)
        // The camera was away, and begins as new.
        val before = phone.capture.zoom
        phone.capture.zoom = 1f
        phone.capture.onCamera(null)
        assertEquals(before, phone.capture.zoom)
        screen.tap(R.id.flip)
        assertEquals(1f, app.live.state.value.zoom)
    }

    @Test
    fun `a camera that can't has no buttons for it`() {
        val screen = preview(1f)
        assertFalse(screen.requireViewById<View>(R.id.zoom_in).isShown)
    }

    /** Robolectric's detector takes events and finds nothing in them: what it would find is told by hand. */
    @Test
    fun `two fingers bring it nearer`() {
        val screen = preview(8f)
        val pinch = shadowOf(screen.touch.pinch)
        screen.touch(0.25f, 0.125f)
        assertNotNull("it is told of touches", pinch.onTouchEventMotionEvent)
        pinch.setScaleFactor(3f)
        repeat(2) { pinch.listener.onScale(screen.touch.pinch) }
        assertEquals(8f, phone.capture.zoom)
    }

    @Test
    fun `a tap makes it sharp there, with a ring for a second`() {
        // High enough that the lower half is not all controls.
        RuntimeEnvironment.setQualifiers("w411dp-h891dp")
        val screen = preview(1f)
        val picture = screen.requireViewById<View>(R.id.picture)
        val ring = screen.requireViewById<View>(R.id.focus_ring)
        // On the picture itself, and where its controls have room.
        for (down in listOf(0.125f, 0.5f)) {
            screen.touch(0.25f, down)
            assertEquals(Spot(0.25f, down), phone.capture.sharp)
            assertTrue(ring.isShown)
            assertEquals(picture.width / 4f, ring.translationX + ring.layoutParams.width / 2)
            settleFor(1_000)
            assertFalse(ring.isShown)
        }
    }

    /** A tap, at parts of the picture's width and height. */
    private fun Activity.touch(
        across: Float,
        down: Float,
    ) {
        val picture = requireViewById<View>(R.id.picture)
        val (x, y) = picture.width * across to picture.height * down
        val now = SystemClock.uptimeMillis()
        for ((action, at) in listOf(MotionEvent.ACTION_DOWN to now, MotionEvent.ACTION_UP to now + TAP_MS)) {
            MotionEvent.obtain(now, at, action, x, y, 0).apply {
                dispatchTouchEvent(this)
                recycle()
            }
        }
        settle()
    }

    private companion object {
        const val TAP_MS = 20L
    }
}
