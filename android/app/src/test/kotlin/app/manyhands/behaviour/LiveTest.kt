package app.manyhands.behaviour

import android.content.res.Configuration
import android.view.View
import android.widget.TextView
import app.manyhands.R
import app.manyhands.core.Health
import app.manyhands.core.HealthCause
import app.manyhands.core.HealthLevel
import app.manyhands.live.BatteryLevels
import app.manyhands.live.LiveScreen
import app.manyhands.live.Phase
import app.manyhands.media.CameraTrouble
import app.manyhands.media.Quality
import app.manyhands.play.AppTest
import app.manyhands.play.FilmEncoder.Companion.SILENCE
import app.manyhands.play.OFFLINE
import app.manyhands.play.WIFI
import app.manyhands.play.await
import app.manyhands.play.hot
import app.manyhands.play.says
import app.manyhands.play.settle
import app.manyhands.play.tap
import app.manyhands.watch.Why
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf

/** S3: what a broadcaster sees and what viewers get, with a real broadcast and often a real viewer. */
@RunWith(RobolectricTestRunner::class)
class LiveTest : AppTest() {
    @Test
    fun `B9 viewers are nobody, one, and about many`() {
        val screen = goLive().get()
        val state = app.live.state.value
        val shown = screen.requireViewById<TextView>(R.id.viewers)
        for ((viewers, words) in listOf(
            0L to "Nobody is watching yet",
            1L to "1 watching",
            999L to "999 watching",
            1_234L to "about 1,200 watching",
        )) {
            screen.draw(state.copy(viewers = viewers))
            assertEquals(words, shown.text.toString())
        }
    }

    @Test
    fun `B10 Back and End ask, Keep going changes nothing, End broadcast ends at once`() {
        val screen = goLive().get()
        screen.tap(R.id.end)
        assertTrue(screen.says(R.string.end_question))
        screen.tap(R.id.keep_going)
        assertFalse(screen.says(R.string.end_question))
        assertEquals(Phase.LIVE, app.live.state.value.phase)
        @Suppress("DEPRECATION")
        screen.onBackPressed()
        settle()
        assertTrue(screen.says(R.string.end_question))
        screen.tap(R.id.end_broadcast)
        assertEquals(Phase.ENDED, app.live.state.value.phase)
        assertTrue(screen.says(R.string.broadcast_ended))
        assertTrue(screen.says(R.string.cant_see_or_hear))
        assertTrue(phone.capture.closed)
    }

    @Test
    fun `B12 chip, icon, word and cause change together`() {
        val screen = goLive().get()
        val state = app.live.state.value
        screen.draw(state.copy(health = Health(HealthLevel.FAIR, HealthCause.SLOW_UPLOAD)))
        val chip = screen.requireViewById<TextView>(R.id.health)
        assertEquals("Fair", chip.text.toString())
        assertEquals("Fair, slow upload", chip.contentDescription)
        assertEquals(screen.getColor(R.color.on_scrim_fair), chip.currentTextColor)
        assertEquals(R.drawable.ic_triangle, iconOf(chip))
        assertTrue(screen.says(R.string.upload_slow))
        screen.draw(state.copy(health = Health(HealthLevel.GOOD, null)))
        assertEquals("Good", chip.text.toString())
        assertEquals(R.drawable.ic_tick, iconOf(chip))
        assertFalse(screen.says(R.string.upload_slow))
    }

    private fun iconOf(chip: TextView) = shadowOf(chip.compoundDrawablesRelative[0]).createdFromResId

    @Test
    fun `B13 without a network it is Lost, the timer runs on, and it recovers without a tap`() {
        val screen = goLive().get()
        watchMyself()
        report(OFFLINE)
        await("lost") {
            app.live.state.value.health
                ?.level == HealthLevel.LOST
        }
        assertTrue(screen.says(R.string.reconnecting))
        assertEquals(1, told(R.string.reconnecting))
        phone.pass(5_000)
        await("timer") { app.live.state.value.elapsedS >= 5 }
        report(WIFI)
        await("not lost") {
            app.live.state.value.health
                ?.level != HealthLevel.LOST
        }
        assertFalse(screen.says(R.string.reconnecting))
    }

    @Test
    fun `B14 muted shows at once, is announced, and viewers get silence within 300 ms`() {
        val screen = goLive().get()
        watchMyself()
        await("latency") { app.watch.state.value.latencyMs != null && phone.renderer.sounds.size > 20 }
        val heard = phone.renderer.sounds.last()
        val latencyUs = checkNotNull(app.watch.state.value.latencyMs) * 1_000
        screen.tap(R.id.microphone)
        assertTrue(screen.says(R.string.muted))
        assertEquals(1, told(R.string.muted))
        await("silence") { silence() != null }
        // Heard at that moment, the microphone was as far on as the latency.
        val after = checkNotNull(silence()).captureUs - heard.captureUs - latencyUs
        assertTrue("after $after us", after < 300_000)
        screen.tap(R.id.microphone)
        assertFalse(screen.says(R.string.muted))
        assertEquals(1, told(R.string.microphone_on))
        val silent = phone.renderer.sounds.size
        await("sound") {
            phone.renderer.sounds
                .drop(silent)
                .any { it.data.toList() != SILENCE }
        }
    }

    private fun silence() = phone.renderer.sounds.firstOrNull { it.data.toList() == SILENCE }

    @Test
    fun `B15 with the camera off viewers are told, and the picture comes back`() {
        val screen = goLive().get()
        watchMyself()
        screen.tap(R.id.camera)
        assertFalse(phone.capture.cameraOn)
        await("camera off at the viewer") { app.watch.state.value.why == Why.CAMERA_OFF }
        val heard = phone.renderer.sounds.size
        await("sound goes on") { phone.renderer.sounds.size > heard + 10 }
        val before = phone.renderer.pictures.size
        screen.tap(R.id.camera)
        await("picture") { app.watch.state.value.why == null && phone.renderer.pictures.size > before }
        assertTrue(phone.renderer.pictures[before].keyframe)
    }

    @Test
    fun `B16 turning keeps what is sent, and says once that there are bars`() {
        val screen = goLive().get()
        assertEquals(0, phone.capture.turns)
        val sent = phone.capture.settings
        assertEquals(Quality.CHOSEN.height to Quality.CHOSEN.width, sent?.let { it.width to it.height })
        app.live.turned(bars = true)
        settle()
        assertTrue(screen.says(R.string.bars_hint))
        assertEquals(sent, phone.capture.settings)
        app.live.turned(bars = false)
        settle()
        assertFalse(screen.says(R.string.bars_hint))
        app.live.turned(bars = true)
        settle()
        assertFalse(screen.says(R.string.bars_hint))
    }

    @Test
    fun `B17 heat makes the picture smaller twice, then turns the camera off`() {
        val screen = goLive().get()
        watchMyself()
        val chosen = checkNotNull(phone.capture.settings).width
        report(WIFI.hot(2))
        await("smaller") { checkNotNull(phone.capture.settings).width < chosen }
        assertTrue(screen.says(R.string.heat_moderate))
        val once = checkNotNull(phone.capture.settings).width
        report(WIFI.hot(3))
        await("smaller again") { checkNotNull(phone.capture.settings).width < once }
        assertTrue(screen.says(R.string.heat_severe))
        report(WIFI.hot(4))
        await("camera off") { !phone.capture.cameraOn }
        assertTrue(screen.says(R.string.heat_critical))
        assertTrue(phone.capture.microphoneOn)
        await("the viewer knows") { app.watch.state.value.why == Why.CAMERA_OFF }
    }

    @Test
    fun `B18 the battery is told once at 20, 10 and 5 percent`() {
        val levels = BatteryLevels()
        val told = listOf(80, 21, 20, 19, 20, 21, 19, 10, 11, 10, 9, 5, 6, 5).mapNotNull(levels::passed)
        assertEquals(listOf(20, 10, 5), told)
    }

    @Test
    fun `B19 a call is never sent, and the microphone comes back as it was`() {
        val screen = goLive().get()
        report(WIFI.copy(inCall = true))
        assertFalse(phone.capture.microphoneOn)
        assertTrue(phone.capture.cameraOn)
        assertTrue(screen.says(R.string.call))
        assertEquals(1, told(R.string.muted))
        report(WIFI)
        assertTrue(phone.capture.microphoneOn)
        assertFalse(screen.says(R.string.call))
        assertEquals(1, told(R.string.microphone_on))
        screen.tap(R.id.microphone)
        report(WIFI.copy(inCall = true))
        report(WIFI)
        assertFalse(phone.capture.microphoneOn)
    }

    @Test
    fun `B20 another app takes the camera, viewers see a pause, and it comes back`() {
        val screen = goLive().get()
        watchMyself()
        phone.capture.onCamera(CameraTrouble.TAKEN)
        settle()
        assertTrue(screen.says(R.string.camera_taken))
        await("paused at the viewer") { app.watch.state.value.why == Why.PAUSED }
        val heard = phone.renderer.sounds.size
        await("sound goes on") { phone.renderer.sounds.size > heard + 10 }
        phone.capture.onCamera(null)
        await("picture") { app.watch.state.value.why == null }
        assertFalse(screen.says(R.string.camera_taken))
    }

    @Test
    fun `a turned phone keeps its facts and controls on the screen`() {
        val live = goLive()
        live.configurationChange(
            Configuration(app.resources.configuration).apply { orientation = Configuration.ORIENTATION_LANDSCAPE },
        )
        settle()
        assertTrue(live.get().requireViewById<View>(R.id.badge).isShown)
        assertTrue(live.get().requireViewById<View>(R.id.end).isShown)
    }

    @Test
    fun `a preview that is closed leaves nothing open`() {
        val screen = start<LiveScreen>().get()
        screen.tap(R.id.close_preview)
        assertTrue(screen.isFinishing)
        assertTrue(phone.capture.closed)
        assertNull(app.live.state.value.link)
    }
}
