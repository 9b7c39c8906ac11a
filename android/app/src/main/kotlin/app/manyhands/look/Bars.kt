package app.manyhands.look

import android.graphics.Rect
import android.os.Build
import android.view.WindowInsets

/** Where the system draws: status, navigation, keyboard, cut-out. */
fun bars(insets: WindowInsets): Rect {
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
        val kinds = WindowInsets.Type.systemBars() or WindowInsets.Type.displayCutout() or WindowInsets.Type.ime()
        val own = insets.getInsets(kinds)
        return Rect(own.left, own.top, own.right, own.bottom)
    }
    @Suppress("DEPRECATION")
    return Rect(
        insets.systemWindowInsetLeft,
        insets.systemWindowInsetTop,
        insets.systemWindowInsetRight,
        insets.systemWindowInsetBottom,
    )
}
