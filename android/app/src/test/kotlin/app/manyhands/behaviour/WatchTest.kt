package app.manyhands.behaviour

import android.content.Intent
import android.media.AudioManager
import android.net.Uri
import android.widget.TextView
import app.manyhands.R
import app.manyhands.core.EndReason
import app.manyhands.core.Failure
import app.manyhands.core.LendingReason
import app.manyhands.core.WatchState
import app.manyhands.device.DeviceReport
import app.manyhands.media.DecoderTrouble
import app.manyhands.media.KeyframeGate
import app.manyhands.play.AppTest
import app.manyhands.play.MOBILE
import app.manyhands.play.ROAMING
import app.manyhands.play.WIFI
import app.manyhands.play.await
import app.manyhands.play.battery
import app.manyhands.play.elsewhere
import app.manyhands.play.hot
import app.manyhands.play.says
import app.manyhands.play.settle
import app.manyhands.play.tap
import app.manyhands.play.words
import app.manyhands.watch.WatchScreen
import app.manyhands.watch.WatchService
import app.manyhands.watch.Why
import app.manyhands.watch.lasting
import app.manyhands.watch.why
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf

/** S6, S7 and S8 over a real stream: the phone watches its own broadcast. */
@RunWith(RobolectricTestRunner::class)
class WatchTest : AppTest() {
    @Test
    fun `B27 and B28 each state of the core has its own words`() {
        assertEquals(Why.WAITING, why(WatchState.WAITING))
        assertEquals(Why.BROADCASTER_SILENT, why(WatchState.BROADCASTER_SILENT))
        assertEquals(Why.CUT_OFF, why(WatchState.CUT_OFF))
        assertEquals(Why.NO_NETWORK, why(WatchState.NO_NETWORK))
        assertNull(why(WatchState.PLAYING))
        assertEquals(Why.REVOKED, why(EndReason.REVOKED))
        assertEquals(Why.NEWER_VERSION, why(Failure.NewerLink("")))
        assertEquals(Why.JOINING_LONG, lasting(Why.JOINING, 5_000))
        assertEquals(Why.BROADCASTER_SILENT, lasting(Why.BROADCASTER_SILENT, 599_999))
        assertEquals(Why.BROADCASTER_SILENT_LONG, lasting(Why.BROADCASTER_SILENT, 600_000))
    }

    @Test
    fun `B29 a picture that comes back is announced by nothing but itself`() {
        goLive()
        val screen = watchMyself().get()
        screen.draw(
            app.watch.state.value
                .copy(why = Why.CUT_OFF),
        )
        assertTrue(screen.says(R.string.cut_off))
        screen.draw(app.watch.state.value)
        assertFalse(screen.says(R.string.cut_off))
        assertEquals(1f, phone.renderer.volume)
    }

    @Test
    fun `B30 the broadcaster's end shows with how long it ran`() {
        goLive()
        val screen = watchMyself().get()
        await("more than a second") { phone.renderer.pictures.size > 45 }
        app.live.end()
        await("ended") { app.watch.state.value.why == Why.ENDED }
        assertTrue(screen.says(R.string.ended))
        assertTrue(screen.words().any { it.startsWith("It ran ") })
    }

    @Test
    fun `B31 a damaged link has its own words, and nothing is contacted`() {
        val link = Intent(Intent.ACTION_VIEW, Uri.parse("manyhands:abc"))
        val screen = start<WatchScreen>(link).get()
        await("said") { app.watch.state.value.why == Why.DAMAGED_LINK }
        assertTrue(screen.says(R.string.damaged_link))
        assertTrue(phone.renderers.isEmpty())
    }

    @Test
    fun `B32 behind is grey and one tap from live`() {
        goLive()
        val screen = watchMyself().get()
        val badge = screen.requireViewById<TextView>(R.id.badge)
        screen.draw(
            app.watch.state.value
                .copy(behindMs = 10_400, latencyMs = 10_700),
        )
        assertEquals("10 s behind · Go live", badge.text.toString())
        assertEquals("10 seconds behind. Go to live", badge.contentDescription)
        screen.draw(
            app.watch.state.value
                .copy(behindMs = null, latencyMs = 3_200),
        )
        assertEquals("LIVE 3 s", badge.text.toString())
    }

    @Test
    fun `B33 the card comes beside the picture, and nothing is given before OK`() {
        goLive()
        val screen = watchMyself().get()
        assertTrue(screen.says(R.string.lend_sentence))
        await("not yet") { app.watch.state.value.lend.reason == LendingReason.NOT_YET }
        assertTrue(screen.says(R.string.not_agreed))
        val limits = app.watch.state.value.lend.limits
        assertTrue(limits.unmetered.on)
        assertFalse(limits.metered.on)
        screen.tap(R.id.card_ok)
        await("lends") { app.watch.state.value.lend.reason == LendingReason.LIVE }
        assertFalse(screen.says(R.string.lend_sentence))
    }

    @Test
    fun `B34 the right reason shows for all that holds lending back`() {
        app.settings.lending = app.settings.lending.copy(agreed = true)
        elsewhere { link ->
            app.watch.open("manyhands:$link")
            reasonOf(WIFI, LendingReason.READY)
            reasonOf(MOBILE, LendingReason.MOBILE)
            reasonOf(ROAMING, LendingReason.ROAMING)
            reasonOf(WIFI.copy(network = WIFI.network.copy(dataSaver = true)), LendingReason.DATA_SAVER)
            reasonOf(WIFI.copy(inCall = true), LendingReason.CALL)
            reasonOf(WIFI.hot(3), LendingReason.HOT)
            reasonOf(WIFI.battery(10), LendingReason.BATTERY_LOW)
            app.watch.lending(
                app.settings.lending.copy(
                    unmetered =
                        app.settings.lending.unmetered
                            .copy(on = false),
                ),
            )
            await("off") { app.watch.state.value.lend.reason == LendingReason.OFF }
        }
    }

    private fun reasonOf(
        report: DeviceReport,
        reason: LendingReason,
    ) {
        report(report.copy(power = report.power.copy(charging = report.power.percent != 10)))
        await("$reason", { app.watch.state.value.lend.reason }) { app.watch.state.value.lend.reason == reason }
    }

    @Test
    fun `B36 without its headphones it pauses, and Play is live`() {
        goLive()
        watchMyself()
        app.sendBroadcast(Intent(AudioManager.ACTION_AUDIO_BECOMING_NOISY))
        await("paused") { app.watch.state.value.paused }
        val seen = phone.renderer.pictures.size
        app.watch.toLive()
        await("plays") { !app.watch.state.value.paused && phone.renderer.pictures.size > seen }
        assertNull(app.watch.state.value.behindS)
    }

    @Test
    fun `B37 left while playing the sound goes on, left while paused nothing runs`() {
        goLive()
        val screen = watchMyself()
        while (shadowOf(app).nextStartedService != null) settle()
        screen.pause().stop()
        settle()
        assertEquals(WatchService::class.java.name, shadowOf(app).nextStartedService.component?.className)
        val heard = phone.renderer.sounds.size
        await("sound") { phone.renderer.sounds.size > heard }
        screen.restart().resume()
        screen.get().tap(R.id.play)
        screen.pause().stop()
        settle()
        assertTrue(phone.renderer.closed)
        assertTrue(app.watch.state.value.paused)
    }

    @Test
    fun `a decoder that fails says so, waits for a keyframe, and gives up after three times`() {
        goLive()
        val screen = watchMyself().get()
        phone.renderer.onTrouble(DecoderTrouble.RESTARTING)
        settle()
        assertTrue(screen.says(R.string.decode_failed_text))
        val gate = KeyframeGate()
        assertFalse(gate.lets(keyframe = false))
        assertTrue(gate.lets(keyframe = true) && gate.lets(keyframe = false))
        assertTrue(gate.failed())
        assertFalse(gate.lets(keyframe = false))
        assertTrue(gate.failed())
        assertFalse(gate.failed())
        assertFalse(gate.lets(keyframe = true))
    }
}
