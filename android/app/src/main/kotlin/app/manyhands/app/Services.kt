package app.manyhands.app

import android.content.Context
import android.content.pm.PackageManager

/** A service of the platform itself, which is always there. */
inline fun <reified T : Any> Context.service(): T = checkNotNull(getSystemService(T::class.java))

/** The application's own object. */
val Context.app: ManyhandsApp get() = applicationContext as ManyhandsApp

/** Whether the person has allowed it. */
fun Context.may(permission: String): Boolean = checkSelfPermission(permission) == PackageManager.PERMISSION_GRANTED
