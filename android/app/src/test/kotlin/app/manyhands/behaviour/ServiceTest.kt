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
import app.manyhands.keep.Channel
import app.manyhands.live.LiveService
import app.manyhands.live.Phase
import app.manyhands.play.AppTest
import app.manyhands.play.PlayedWrap
import app.manyhands.play.says
import app.manyhands.play.settle
import app.manyhands.play.tap
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

/** What goes on outside the app, and what is left after it. */
@RunWith(RobolectricTestRunner::class)
class ServiceTest : AppTest() {
    @Test
    fun `B21 left while live it goes on, with a notification that stops it`() {
        goLive().pause().stop()
        settle()
        assertEquals(Phase.LIVE, app.live.state.value.phase)
        assertEquals(LiveService::class.java.name, shadowOf(app).nextStartedService.component?.className)
        val service = Robolectric.buildService(LiveService::class.java).create().startCommand(0, 1)
        settle()
        val types = ServiceInfo.FOREGROUND_SERVICE_TYPE_CAMERA or ServiceInfo.FOREGROUND_SERVICE_TYPE_MICROPHONE
        assertEquals(types, service.get().foregroundServiceType)
        val shown = shadowOf(service.get()).lastForegroundNotification
        val title = shown.extras.getString(Notification.EXTRA_TITLE)
        assertEquals("You are live, Nobody is watching yet", title)
        assertTrue(shown.flags and Notification.FLAG_ONGOING_EVENT != 0)
        assertEquals(app.getString(R.string.stop), shown.actions.single().title)
        assertEquals(1, app.service<NotificationManager>().notificationChannels.size)
        val stop = Intent(app, LiveService::class.java).setAction(ForegroundService.STOP)
        service.get().onStartCommand(stop, 0, 2)
        settle()
        assertEquals(Phase.ENDED, app.live.state.value.phase)
        assertTrue(phone.capture.closed)
    }

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
