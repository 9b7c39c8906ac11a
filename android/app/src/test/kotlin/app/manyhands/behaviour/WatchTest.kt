package app.manyhands.behaviour

import android.app.PictureInPictureParams
import android.content.Intent
import android.media.AudioManager
import android.net.Uri
import android.widget.TextView
import app.manyhands.R
import app.manyhands.app.ForegroundService
import app.manyhands.app.service
import app.manyhands.core.EndReason
import app.manyhands.core.Failure
import app.manyhands.core.PlayState
import app.manyhands.core.inspectLink
import app.manyhands.core.newChannel
import app.manyhands.keep.Start
import app.manyhands.live.Feeding
import app.manyhands.media.DecoderTrouble
import app.manyhands.media.KeyframeGate
import app.manyhands.media.Quality
import app.manyhands.play.ALONE
import app.manyhands.play.AppTest
import app.manyhands.play.FilmEncoder
import app.manyhands.play.OFFLINE
import app.manyhands.play.PlayedCapture
import app.manyhands.play.WIFI
import app.manyhands.play.await
import app.manyhands.play.says
import app.manyhands.play.settle
import app.manyhands.play.tap
import app.manyhands.play.within
import app.manyhands.play.words
import app.manyhands.stream.Broadcasting
import app.manyhands.stream.Desktop
import app.manyhands.stream.Film
import app.manyhands.stream.on
import app.manyhands.watch.WatchScreen
import app.manyhands.watch.WatchService
import app.manyhands.watch.Why
import app.manyhands.watch.lasting
import app.manyhands.watch.why
import kotlinx.coroutines.Dispatchers
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import java.io.File

/** S6, S7 and S8 over a real stream: the phone watches its own broadcast. */
@RunWith(RobolectricTestRunner::class)
class WatchTest : AppTest() {
    @get:Rule
    val folder = TemporaryFolder()

    @Test
    fun `each state and failure of the core has its own words`() {
        assertEquals(Why.REVOKED, why(EndReason.REVOKED))
        assertEquals(Why.NEWER_VERSION, why(Failure.NewerLink("")))
        assertEquals(Why.JOINING_LONG, lasting(Why.JOINING, 5_000))
        assertEquals(Why.BROADCASTER_SILENT, lasting(Why.BROADCASTER_SILENT, 599_999))
        assertEquals(Why.BROADCASTER_SILENT_LONG, lasting(Why.BROADCASTER_SILENT, 600_000))
    }

    @Test
    fun `B27 a link to what is not live waits, and begins without a tap`() {
        val device = WIFI.forCore(live = true, play = PlayState.IDLE)
        val start = Start(1, phone.unixMs.get())
        val options = Feeding.options("", newChannel(), start, Quality.CHOSEN, device, ALONE)
        val link =
            Broadcasting.goLive(options).use { first ->
                on(Dispatchers.Default) { first.finish() }
                first.link
            }
        val screen = watch(link).get()
        await("waits") { app.watch.state.value.why == Why.WAITING }
        assertTrue(screen.says(R.string.waiting))
        val place = inspectLink(link).hints.single()
        val again = options.copy(broadcast = 2UL, startedMs = options.startedMs + 1UL, listen = place)
        Broadcasting.goLive(again).use { second ->
            val capture = PlayedCapture().apply { sink = Feeding(second) {} }
            FilmEncoder(FilmEncoder.film) { capture }.use {
                await("picture") { app.watch.state.value.why == null && phone.renderer.pictures.isNotEmpty() }
            }
        }
        assertFalse(screen.says(R.string.waiting))
    }

    @Test
    fun `B28 it is told whose side it is on`() {
        val link = File(folder.root, "link")
        val film = File(folder.root, "film.mp4").also { Film.make(it, seconds = 4) }
        val broadcaster = Desktop(folder.root, "broadcast", film.path, "--loop", "--link-out", link.path)
        broadcaster.awaitEvent("live")
        val other = Desktop(folder.root, "watch", "@${link.path}", "--output", File(folder.root, "copy.mp4").path)
        val screen = watch(link.readText().trim()).get()
        await("picture") { app.watch.state.value.hasPicture && app.watch.state.value.why == null }
        // The broadcaster and this phone.
        while (other.awaitEvent("stats").getInt("peers") < 2) settle()
        broadcaster.close()
        await("their side") { app.watch.state.value.why == Why.BROADCASTER_SILENT }
        assertTrue(screen.says(R.string.broadcaster_silent))
        other.close()
        await("my side") { app.watch.state.value.why == Why.CUT_OFF }
        assertTrue(screen.says(R.string.cut_off))
        report(OFFLINE)
        await("no network") { app.watch.state.value.why == Why.NO_NETWORK }
        assertTrue(screen.says(R.string.no_network))
        assertEquals(1, told(R.string.broadcaster_silent) + told(R.string.cut_off) + told(R.string.no_network))
    }

    @Test
    fun `B29 healed, the notice is gone within 2 s, the picture is live, the sound as it was, and it is told once`() {
        val link = File(folder.root, "link")
        val film = File(folder.root, "film.mp4").also { Film.make(it, seconds = 4) }
        Desktop(folder.root, "broadcast", film.path, "--loop", "--link-out", link.path).use { broadcaster ->
            broadcaster.awaitEvent("live")
            val screen = watch(link.readText().trim()).get()
            await("live") { app.watch.state.value.why == null && phone.renderer.pictures.size > 60 }
            screen.tap(R.id.sound)
            val before = checkNotNull(app.watch.state.value.latencyMs)
            broadcaster.stand()
            await("my side") { app.watch.state.value.why == Why.CUT_OFF }
            assertTrue(screen.says(R.string.cut_off))
            val seen = phone.renderer.pictures.size
            broadcaster.goOn()
            within(2_000, "the notice is gone", { app.watch.state.value }) { !screen.says(R.string.cut_off) }
            // The figures come once a second.
            within(2_000, "live", { app.watch.state.value }) {
                checkNotNull(app.watch.state.value.latencyMs) < before + 1_000
            }
            await("picture") { phone.renderer.pictures.size > seen + 30 }
            assertNull(app.watch.state.value.behindS)
            assertEquals(0f, phone.renderer.volume)
            assertEquals(1, told(R.string.broadcaster_silent) + told(R.string.cut_off))
            assertEquals(1, told(R.string.back_again))
        }
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
    fun `B32 behind is grey, stays so, and one tap from live`() {
        goLive()
        val screen = watchMyself().get()
        val badge = screen.requireViewById<TextView>(R.id.badge)
        screen.draw(
            app.watch.state.value
                .copy(behindMs = 10_400, latencyMs = 10_700),
        )
        assertEquals("10 s behind · Go live", badge.text.toString())
        assertEquals("10 seconds behind. Go to live", badge.contentDescription)
        app.watch.pause()
        await("behind") { (app.watch.state.value.behindMs ?: 0) > 6_000 }
        screen.tap(R.id.play)
        val seen = phone.renderer.pictures.size
        await("plays on") { phone.renderer.pictures.size > seen + 30 }
        val late = phone.renderer.pictures
        assertTrue("it did not jump", late[seen].captureUs - late[seen - 1].captureUs < 1_000_000)
        assertTrue(badge.text.toString().endsWith("s behind · Go live"))
        screen.tap(R.id.badge)
        await("live") { badge.text.toString().startsWith("LIVE ") }
        assertNull(app.watch.state.value.behindS)
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
    fun `B36 for another app's short sound it is quieter, for its long one it pauses, and then it is live`() {
        goLive()
        watchMyself()
        val request = shadowOf(app.service<AudioManager>()).lastAudioFocusRequest.audioFocusRequest
        val focus = checkNotNull(request.onAudioFocusChangeListener)
        focus.onAudioFocusChange(AudioManager.AUDIOFOCUS_LOSS_TRANSIENT_CAN_DUCK)
        assertEquals(0.2f, phone.renderer.volume)
        assertFalse(app.watch.state.value.paused)
        focus.onAudioFocusChange(AudioManager.AUDIOFOCUS_GAIN)
        assertEquals(1f, phone.renderer.volume)
        focus.onAudioFocusChange(AudioManager.AUDIOFOCUS_LOSS_TRANSIENT)
        assertTrue(app.watch.state.value.paused)
        val seen = phone.renderer.pictures.size
        focus.onAudioFocusChange(AudioManager.AUDIOFOCUS_GAIN)
        await("plays") { !app.watch.state.value.paused && phone.renderer.pictures.size > seen }
        assertNull(app.watch.state.value.behindS)
    }

    @Test
    fun `B37 a small picture that is closed has stopped, and nothing is lent`() {
        goLive()
        val screen = watchMyself()
        screen.get().enterPictureInPictureMode(PictureInPictureParams.Builder().build())
        screen.pause().stop()
        settle()
        assertTrue(phone.renderer.closed)
        assertNull(app.watch.state.value.link)
        assertNull(app.watch.state.value.lend.reason)
        await("nobody watches") { app.live.state.value.viewers == 0L }
    }

    @Test
    fun `B37 the notification's Stop ends it`() {
        goLive()
        watchMyself().pause().stop()
        val service = Robolectric.buildService(WatchService::class.java).create().startCommand(0, 1)
        val stop = Intent(app, WatchService::class.java).setAction(ForegroundService.STOP)
        service.get().onStartCommand(stop, 0, 2)
        settle()
        assertTrue(phone.renderer.closed)
        assertNull(app.watch.state.value.link)
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
