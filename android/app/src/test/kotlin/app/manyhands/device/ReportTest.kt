package app.manyhands.device

import android.media.AudioManager
import app.manyhands.core.Heat
import app.manyhands.core.NetworkKind
import app.manyhands.core.PlayState
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner

/** What the system says, in the core's terms. */
@RunWith(RobolectricTestRunner::class)
class ReportTest {
    @Test
    fun `heat is what the system calls it`() {
        val all =
            listOf(Heat.NORMAL, Heat.NORMAL, Heat.MODERATE, Heat.SEVERE, Heat.CRITICAL, Heat.CRITICAL, Heat.CRITICAL)
        assertEquals(all, (0..6).map(::heat))
    }

    @Test
    fun `ringing is no call`() {
        assertFalse(isCall(AudioManager.MODE_RINGTONE))
        assertTrue(isCall(AudioManager.MODE_IN_CALL))
        assertTrue(isCall(AudioManager.MODE_IN_COMMUNICATION))
    }

    @Test
    fun `without a network the core hears so`() {
        val report =
            DeviceReport(
                report(null, dataSaver = false),
            ).forCore(live = false, play = PlayState.FOREGROUND, 3_600)
        assertEquals(NetworkKind.OFFLINE, report.network)
        assertEquals(null, report.metered)
        assertEquals(3_600, report.utcOffsetS)
    }
}
