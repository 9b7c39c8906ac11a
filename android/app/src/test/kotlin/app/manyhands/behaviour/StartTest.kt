package app.manyhands.behaviour

import android.Manifest.permission.CAMERA
import android.Manifest.permission.RECORD_AUDIO
import android.app.Activity
import android.content.ClipboardManager
import android.content.Intent
import android.net.Uri
import android.provider.Settings
import android.view.View
import android.widget.EditText
import android.widget.TextView
import app.manyhands.R
import app.manyhands.app.service
import app.manyhands.ask.AskScreen
import app.manyhands.core.inspectLink
import app.manyhands.home.HomeScreen
import app.manyhands.home.WelcomeScreen
import app.manyhands.invite.InviteScreen
import app.manyhands.lend.LendScreen
import app.manyhands.live.LiveScreen
import app.manyhands.live.Phase
import app.manyhands.open.OpenScreen
import app.manyhands.play.AppTest
import app.manyhands.play.await
import app.manyhands.play.elsewhere
import app.manyhands.play.says
import app.manyhands.play.settle
import app.manyhands.play.tap
import app.manyhands.watch.WatchScreen
import app.manyhands.watch.Why
import app.manyhands.watch.explanation
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf

/** The first taps: what is asked, and what is not. */
@RunWith(RobolectricTestRunner::class)
class StartTest : AppTest() {
    @Test
    fun `B1 the first start shows its page once, and then never again`() {
        app.settings.agreed = false
        val home = start<HomeScreen>().get()
        assertEquals(WelcomeScreen::class.java.name, shadowOf(home).nextStartedActivity.component?.className)
        val welcome = start<WelcomeScreen>().get()
        welcome.tap(R.id.agree)
        assertEquals(HomeScreen::class.java.name, shadowOf(welcome).nextStartedActivity.component?.className)
        assertNull(shadowOf(start<HomeScreen>().get()).nextStartedActivity)
    }

    @Test
    fun `B2 a link opens the picture, and no question comes before it`() {
        app.settings.agreed = false
        elsewhere { link ->
            val screen = start<WatchScreen>(Intent(Intent.ACTION_VIEW, Uri.parse("manyhands:$link"))).get()
            // Nothing was sent yet: it looks for it, or waits for it.
            val why = checkNotNull(app.watch.state.value.why)
            assertTrue("$why", why == Why.JOINING || why == Why.WAITING)
            assertTrue(screen.says(explanation(why).title))
            assertNull(shadowOf(screen).nextStartedActivity)
            assertNull(shadowOf(screen).lastRequestedPermission)
        }
    }

    @Test
    fun `B3 without permission one page with one button comes before the system's question`() {
        shadowOf(app).denyPermissions(CAMERA, RECORD_AUDIO)
        val home = start<HomeScreen>().get()
        home.tap(R.id.go_live)
        val asked = shadowOf(home).nextStartedActivity
        assertEquals(AskScreen::class.java.name, asked.component?.className)
        val page = start<AskScreen>(asked).get()
        assertEquals(page.getString(R.string.continue_), page.requireViewById<TextView>(R.id.main).text)
        assertFalse(page.requireViewById<View>(R.id.second).isShown)
        page.tap(R.id.main)
        val question = shadowOf(page).lastRequestedPermission
        assertEquals(listOf(CAMERA, RECORD_AUDIO), question.requestedPermissions.toList())
        shadowOf(app).grantPermissions(CAMERA, RECORD_AUDIO)
        page.onRequestPermissionsResult(question.requestCode, question.requestedPermissions, intArrayOf(0, 0))
        assertEquals(LiveScreen::class.java.name, shadowOf(page).nextStartedActivity.component?.className)
    }

    @Test
    fun `B4 refused for ever, the settings help, and sound alone goes on`() {
        shadowOf(app).denyPermissions(CAMERA)
        app.settings.askedForCamera = true
        val page = start<AskScreen>(AskScreen.forCamera(app))
        assertTrue(page.get().says(R.string.refused_camera))
        page.get().tap(R.id.main)
        assertEquals(Settings.ACTION_APPLICATION_DETAILS_SETTINGS, shadowOf(page.get()).nextStartedActivity.action)
        assertTrue(page.get().says(R.string.sound_only))
        shadowOf(app).grantPermissions(CAMERA)
        page.pause().resume()
        settle()
        val next = shadowOf(page.get()).nextStartedActivity
        assertEquals(LiveScreen::class.java.name, next.component?.className)
        assertTrue(page.get().isFinishing)
    }

    @Test
    fun `B4 Sound only goes live without the camera`() {
        shadowOf(app).denyPermissions(CAMERA)
        app.settings.askedForCamera = true
        val page = start<AskScreen>(AskScreen.forCamera(app)).get()
        page.tap(R.id.second)
        assertEquals(LiveScreen::class.java.name, shadowOf(page).nextStartedActivity.component?.className)
        val screen = goLive().get()
        assertFalse(phone.capture.cameraOn)
        assertTrue(phone.capture.microphoneOn)
        watch(checkNotNull(app.live.state.value.link))
        await("sound") { app.watch.state.value.why == Why.CAMERA_OFF && phone.renderer.sounds.isNotEmpty() }
        screen.tap(R.id.camera)
        assertFalse(app.live.state.value.cameraOn)
    }

    @Test
    fun `what was given today is on Home although nothing is watched`() {
        val home = start<HomeScreen>().get()
        await("today") { home.says("0 MB") }
    }

    @Test
    fun `my link is there before the first broadcast, and leads to the same channel`() {
        val before = inspectLink(app.channel.link)
        assertTrue(before.hints.isEmpty())
        goLive()
        assertEquals(before.channel, inspectLink(checkNotNull(app.live.state.value.link)).channel)
    }

    @Test
    fun `B24 what is shared and copied holds exactly one whole link`() {
        elsewhere { link ->
            app.channel.link = link
            val screen = start<InviteScreen>().get()
            screen.tap(R.id.copy)
            val clip = checkNotNull(app.service<ClipboardManager>().primaryClip)
            assertEquals("manyhands:$link", clip.getItemAt(0).text.toString())
            screen.tap(R.id.share)
            val chooser = shadowOf(screen).nextStartedActivity

            @Suppress("DEPRECATION") // What replaces it begins with Android 13.
            val send = chooser.getParcelableExtra<Intent>(Intent.EXTRA_INTENT)
            val text = checkNotNull(send?.getStringExtra(Intent.EXTRA_TEXT))
            assertEquals(1, Regex("manyhands:").findAll(text).count())
            assertTrue(text.endsWith("manyhands:$link"))
            assertTrue(screen.says(R.string.not_tappable))
        }
    }

    @Test
    fun `B41 typed text, sheet and place are back after a rotation`() {
        val opened = start<OpenScreen>()
        opened.get().requireViewById<EditText>(R.id.field).setText("manyhands:AB")
        opened.recreate()
        assertEquals(
            "manyhands:AB",
            opened
                .get()
                .requireViewById<EditText>(R.id.field)
                .text
                .toString(),
        )
        val live = goLive()
        live.get().tap(R.id.end)
        live.recreate()
        settle()
        assertTrue(live.get().says(R.string.end_question))
        assertEquals(Phase.LIVE, app.live.state.value.phase)
    }

    @Test
    fun `B41 after the process is gone the same screen, text and sheet are back`() {
        val opened = start<OpenScreen>()
        opened.get().requireViewById<EditText>(R.id.field).setText("manyhands:AB")
        assertEquals("manyhands:AB", afterDeath(opened).get().typed(R.id.field))

        val preview = start<LiveScreen>()
        preview.get().requireViewById<EditText>(R.id.title_field).setText("The match")
        val again = afterDeath(preview)
        assertEquals(Phase.PREVIEW, app.live.state.value.phase)
        assertEquals("The match", again.get().typed(R.id.title_field))
        again.get().tap(R.id.close_preview)

        val lend = start<LendScreen>()
        lend.get().tap(R.id.how)
        assertTrue(afterDeath(lend).get().says(R.string.how_it_works_text))

        elsewhere { link ->
            val watching = watch(link)
            watching.get().tap(R.id.full)
            val back = afterDeath(watching).get()
            assertEquals("manyhands:$link", app.watch.state.value.link)
            val button = back.requireViewById<View>(R.id.full)
            assertEquals(back.getString(R.string.leave_full_screen), button.contentDescription)
        }
    }

    private fun Activity.typed(field: Int) = requireViewById<EditText>(field).text.toString()
}
