package app.manyhands.behaviour

import android.view.HapticFeedbackConstants
import android.view.View
import android.widget.Switch
import android.widget.TextView
import app.manyhands.R
import app.manyhands.keep.Settings
import app.manyhands.live.LiveScreen
import app.manyhands.live.Phase
import app.manyhands.play.AppTest
import app.manyhands.play.MOBILE
import app.manyhands.play.OFFLINE
import app.manyhands.play.ROAMING
import app.manyhands.play.WIFI
import app.manyhands.play.await
import app.manyhands.play.says
import app.manyhands.play.settleFor
import app.manyhands.play.tap
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf

/** S2: only the person sees it, until they say so. */
@RunWith(RobolectricTestRunner::class)
class PreviewTest : AppTest() {
    @Test
    fun `B5 in the preview nothing is encoded, and it says so`() {
        val screen = start<LiveScreen>().get()
        settleFor(10_000)
        assertEquals(Phase.PREVIEW, app.live.state.value.phase)
        assertNull(phone.capture.sink)
        assertNull(app.live.state.value.link)
        assertTrue(screen.says(R.string.only_you))
    }

    @Test
    fun `B6 Go live answers at once, and live begins at 0 00`() {
        val screen = start<LiveScreen>().get()
        screen.tap(R.id.go_live)
        assertTrue(app.live.state.value.phase != Phase.PREVIEW)
        await("live") { app.live.state.value.phase == Phase.LIVE }
        assertEquals("LIVE 0:00", screen.requireViewById<TextView>(R.id.badge).text.toString())
        assertFalse(screen.says(R.string.only_you))
        assertTrue(phone.capture.sink != null)
        assertEquals(1, told(R.string.you_are_live))
        val felt = shadowOf(screen.requireViewById<View>(R.id.controls)).lastHapticFeedbackPerformed()
        assertEquals(HapticFeedbackConstants.LONG_PRESS, felt)
        phone.pass(761_000)
        await("12:41") { screen.says("LIVE 12:41") }
        assertEquals("LIVE, 12 minutes 41 seconds", screen.requireViewById<TextView>(R.id.badge).contentDescription)
    }

    @Test
    fun `B7 without a network Go live is off, and on again with one`() {
        report(OFFLINE)
        val screen = start<LiveScreen>().get()
        val button = screen.requireViewById<View>(R.id.go_live)
        assertFalse(button.isEnabled)
        assertTrue(screen.says(R.string.no_network))
        report(WIFI)
        assertTrue(button.isEnabled)
        assertFalse(screen.says(R.string.no_network))
    }

    @Test
    fun `B8 on mobile data the cost shows before, and abroad it asks first`() {
        report(MOBILE)
        val screen = start<LiveScreen>().get()
        assertTrue(screen.says("About 1.9 GB an hour, on mobile data"))
        report(ROAMING)
        screen.tap(R.id.go_live)
        assertEquals(Phase.PREVIEW, app.live.state.value.phase)
        assertTrue(screen.says("This can be expensive: about 1.9 GB an hour."))
        screen.tap(R.id.roaming_not_now)
        assertFalse(screen.says(R.string.roaming))
        screen.tap(R.id.go_live)
        screen.tap(R.id.roaming_go_on)
        await("live") { app.live.state.value.phase == Phase.LIVE }
    }

    @Test
    fun `B21 what happens when the app is left is chosen before going live, and kept until all is erased`() {
        val screen = start<LiveScreen>().get()
        assertFalse(screen.requireViewById<Switch>(R.id.pause_when_left).isChecked)
        screen.tap(R.id.pause_when_left)
        assertTrue(app.settings.pausesWhenLeft.value)
        assertTrue(Settings(app).pausesWhenLeft.value)
        val again = start<LiveScreen>().get()
        assertTrue(again.requireViewById<Switch>(R.id.pause_when_left).isChecked)
        again.tap(R.id.pause_when_left)
        assertFalse(screen.requireViewById<Switch>(R.id.pause_when_left).isChecked)
        screen.tap(R.id.pause_when_left)
        app.live.stopAndErase()
        assertFalse(app.settings.pausesWhenLeft.value || Settings(app).pausesWhenLeft.value)
    }
}
