package app.manyhands.device

import android.content.Context
import android.net.wifi.WifiManager

/**
 * Has the phone's Wi-Fi let multicast through, which it else drops to spare the battery: only while others
 * are looked for on the local network. One for each session. Main thread.
 */
class Multicast(
    context: Context,
) {
    /** Nothing on a device without Wi-Fi. */
    private val lock =
        context.getSystemService(WifiManager::class.java)?.createMulticastLock(TAG)?.apply {
            setReferenceCounted(false)
        }

    /** Lets it through, or not any more. */
    fun let(through: Boolean) {
        if (lock == null || lock.isHeld == through) return
        if (through) lock.acquire() else lock.release()
    }

    private companion object {
        const val TAG = "manyhands"
    }
}
