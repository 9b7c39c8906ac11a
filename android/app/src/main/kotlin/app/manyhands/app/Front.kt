package app.manyhands.app

import android.app.Activity
import android.app.Application
import android.os.Bundle
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow

/**
 * Whether the person has the app before them: one of its screens is seen, and not only as a small picture
 * over another app. Main thread.
 */
class Front : Application.ActivityLifecycleCallbacks {
    private val seen = mutableSetOf<Activity>()
    private val small = mutableSetOf<Activity>()
    private val told = MutableStateFlow(false)

    /** Not any more when the app is left, or the phone is locked. */
    val isFront: StateFlow<Boolean> = told.asStateFlow()

    /** This screen is a small picture now, or not any more. */
    fun small(
        screen: Activity,
        isSmall: Boolean,
    ) {
        if (isSmall) small += screen else small -= screen
        tell()
    }

    override fun onActivityStarted(screen: Activity) {
        seen += screen
        if (screen.isInPictureInPictureMode) small += screen
        tell()
    }

    override fun onActivityStopped(screen: Activity) {
        seen -= screen
        small -= screen
        // One that is made anew, because the phone was turned, comes back at once.
        if (!screen.isChangingConfigurations) tell()
    }

    private fun tell() {
        told.value = seen.any { it !in small }
    }

    override fun onActivityCreated(
        screen: Activity,
        saved: Bundle?,
    ) = Unit

    override fun onActivityResumed(screen: Activity) = Unit

    override fun onActivityPaused(screen: Activity) = Unit

    override fun onActivitySaveInstanceState(
        screen: Activity,
        out: Bundle,
    ) = Unit

    override fun onActivityDestroyed(screen: Activity) = Unit
}
