package app.manyhands.behaviour

import android.app.Notification
import android.app.NotificationManager
import android.content.Intent
import android.content.pm.ServiceInfo
import app.manyhands.R
import app.manyhands.app.ForegroundService
import app.manyhands.app.service
import app.manyhands.core.inspectLink
import app.manyhands.home.HomeScreen
import app.manyhands.invite.InviteScreen
import app.manyhands.keep.Channel
import app.manyhands.live.LiveScreen
import app.manyhands.live.LiveService
import app.manyhands.live.Phase
import app.manyhands.play.AppTest
import app.manyhands.play.PlayedWrap
import app.manyhands.play.await
import app.manyhands.play.passing
import app.manyhands.play.says
import app.manyhands.play.settle
import app.manyhands.play.tap
import app.manyhands.play.within
import app.manyhands.watch.Why
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController

/** What goes on outside the app, and what is left after it. */
@RunWith(RobolectricTestRunner::class)
class ServiceTest : AppTest() {
    @Test
    fun `B21 left while live it goes on, with a notification that opens and stops it`() {
        val screen = goLive()
        val viewer = watchMyself()
        assertEquals(LiveService::class.java.name, shadowOf(app).nextStartedService.component?.className)
        val service = Robolectric.buildService(LiveService::class.java).create().startCommand(0, 1)
        leave(viewer, screen)
        assertEquals(Phase.LIVE, app.live.state.value.phase)
        assertTrue(phone.capture.cameraOn && phone.capture.microphoneOn)
        val before = phone.renderer.pictures.size to phone.renderer.sounds.size
        await("picture and sound go on") {
            phone.renderer.pictures.size > before.first + 30 && phone.renderer.sounds.size > before.second + 30
        }
        assertNull(app.watch.state.value.why)
        val types = ServiceInfo.FOREGROUND_SERVICE_TYPE_CAMERA or ServiceInfo.FOREGROUND_SERVICE_TYPE_MICROPHONE
        assertEquals(types, service.get().foregroundServiceType)
        await("1 watching") {
            notification().extras.getString(Notification.EXTRA_TITLE) == "You are live, 1 watching"
        }
        val shown = notification()
        assertTrue(shown.flags and Notification.FLAG_ONGOING_EVENT != 0)
        assertEquals(app.getString(R.string.left_app_text), shown.extras.getString(Notification.EXTRA_TEXT))
        assertEquals(listOf(app.getString(R.string.open), app.getString(R.string.stop)), shown.actions.map { it.title })
        assertEquals(1, app.service<NotificationManager>().notificationChannels.size)
        val stop = Intent(app, LiveService::class.java).setAction(ForegroundService.STOP)
        service.get().onStartCommand(stop, 0, 2)
        settle()
        assertEquals(Phase.ENDED, app.live.state.value.phase)
        assertTrue(phone.capture.closed)
    }

    @Test
    fun `B21 the notification is there from the tap on, so that the app can be left while it goes live`() {
        val screen = start<LiveScreen>()
        val service = Robolectric.buildService(LiveService::class.java).create()
        phone.aside.held {
            screen.get().tap(R.id.go_live)
            service.startCommand(0, 1)
            assertEquals(Phase.GOING_LIVE, app.live.state.value.phase)
            assertEquals(LiveService::class.java.name, shadowOf(app).nextStartedService.component?.className)
            assertEquals(app.getString(R.string.going_live), notification().extras.getString(Notification.EXTRA_TITLE))
            leave(screen)
        }
        await("live") { app.live.state.value.phase == Phase.LIVE }
        assertNull(shadowOf(app).nextStartedService)
        val live = app.getString(R.string.you_are_live_with, app.getString(R.string.nobody_watching))
        await("the notification says so") { notification().extras.getString(Notification.EXTRA_TITLE) == live }
        service.destroy()
    }

    @Test
    fun `B21 a start that is stopped from the notification leads back to the preview`() {
        val screen = start<LiveScreen>()
        phone.aside.held {
            screen.get().tap(R.id.go_live)
            val service = Robolectric.buildService(LiveService::class.java).create().startCommand(0, 1)
            service.get().onStartCommand(Intent(app, LiveService::class.java).setAction(ForegroundService.STOP), 0, 2)
            assertEquals(Phase.PREVIEW, app.live.state.value.phase)
            assertEquals(LiveService::class.java.name, shadowOf(app).nextStoppedService.component?.className)
            assertTrue(shadowOf(service.get()).isStoppedBySelf)
        }
    }

    @Test
    fun `B21 where that was chosen, viewers see Paused and hear nothing until the person is back`() {
        app.settings.pauseWhenLeft(true)
        val screen = goLive()
        val viewer = watchMyself()
        Robolectric.buildService(LiveService::class.java).create().startCommand(0, 1)
        assertTrue(phone.capture.cameraOn && phone.capture.microphoneOn)
        leave(viewer, screen)
        assertEquals(Phase.LIVE, app.live.state.value.phase)
        assertFalse(phone.capture.cameraOn || phone.capture.microphoneOn)
        await("paused at the viewer") { app.watch.state.value.why == Why.PAUSED }
        val before = phone.renderer.pictures.size to phone.renderer.sounds.size
        passing(1_000)
        assertEquals(before, phone.renderer.pictures.size to phone.renderer.sounds.size)
        val shown = notification()
        assertEquals(app.getString(R.string.left_app_paused), shown.extras.getString(Notification.EXTRA_TEXT))
        assertEquals(listOf(app.getString(R.string.open), app.getString(R.string.stop)), shown.actions.map { it.title })
        screen.restart()
        settle()
        assertTrue(phone.capture.cameraOn && phone.capture.microphoneOn)
        // A phone's encoder begins with a keyframe; the film has one a second.
        within(2_000, "picture and sound", { app.watch.state.value }) {
            val seen = phone.renderer.pictures.size > before.first && phone.renderer.sounds.size > before.second
            seen && app.watch.state.value.why == null
        }
        assertTrue(phone.renderer.pictures[before.first].keyframe)
        assertEquals(app.getString(R.string.left_app_text), notification().extras.getString(Notification.EXTRA_TEXT))
    }

    @Test
    fun `B21 a pause is none while a screen is seen, what was off stays off, and a change takes effect at once`() {
        app.settings.pauseWhenLeft(true)
        val screen = goLive()
        screen.get().tap(R.id.microphone)
        val over = start<InviteScreen>()
        screen.pause().stop()
        assertTrue(phone.capture.cameraOn)
        leave(over)
        assertFalse(phone.capture.cameraOn)
        app.settings.pauseWhenLeft(false)
        assertTrue(phone.capture.cameraOn)
        app.settings.pauseWhenLeft(true)
        assertFalse(phone.capture.cameraOn)
        over.restart()
        assertTrue(phone.capture.cameraOn)
        assertFalse(phone.capture.microphoneOn)
        // A small picture over another app is not the app.
        app.front.small(over.get(), true)
        assertFalse(phone.capture.cameraOn)
        app.front.small(over.get(), false)
        assertTrue(phone.capture.cameraOn)
    }

    /** Another app is in front of these screens. */
    private fun leave(vararg screens: ActivityController<*>) {
        screens.forEach { it.pause().stop() }
        settle()
    }

    private fun notification(): Notification =
        shadowOf(app.service<NotificationManager>()).allNotifications.last { it.channelId == "live" }

    @Test
    fun `B22 after a crash nothing starts by itself, Home says so, and the same broadcast goes on`() {
        val first = app.channel.nextStart(1_000)
        app.channel.seen(2_000)
        val home = start<HomeScreen>().get()
        assertTrue(home.says(R.string.interrupted))
        assertEquals(Phase.CLOSED, app.live.state.value.phase)
        val again = app.channel.nextStart(500)
        assertEquals(first.broadcast, again.broadcast)
        assertTrue(again.startedMs > first.startedMs)
        home.tap(R.id.interrupted_dismiss)
        assertFalse(home.says(R.string.interrupted))
        assertNotEquals(first.broadcast, app.channel.nextStart(3_000).broadcast)
    }

    @Test
    fun `the channel's keys are locked where they lie, and the same after a restart`() {
        val wrap = PlayedWrap()
        val keys = Channel(app, wrap).keys()
        val again = Channel(app, wrap).keys()
        assertArrayEquals(keys.seed, again.seed)
        assertArrayEquals(keys.invite, again.invite)
        val lying =
            app
                .getSharedPreferences("channel", 0)
                .all.values
                .joinToString()
        val encoder = java.util.Base64.getEncoder()
        assertFalse(encoder.encodeToString(keys.seed).take(20) in lying)
        // Another phone, to which the file was copied, gets nothing out of it.
        val sealed = wrap.seal(keys.seed)
        assertNull(PlayedWrap().open(sealed))
        assertNull(wrap.open(sealed.apply { this[20] = (this[20] + 1).toByte() }))
    }

    @Test
    fun `B11 Stop now and erase leaves nothing behind`() {
        val screen = goLive().get()
        val before = app.channel.keys()
        val link = app.channel.link
        screen.tap(R.id.end)
        screen.tap(R.id.erase)
        assertEquals(Phase.CLOSED, app.live.state.value.phase)
        assertNotEquals(inspectLink(link).channel, inspectLink(app.channel.link).channel)
        assertFalse(app.settings.agreed)
        assertFalse(before.seed.contentEquals(app.channel.keys().seed))
    }
}
