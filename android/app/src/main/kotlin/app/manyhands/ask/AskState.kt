package app.manyhands.ask

/** What a permission is asked for. */
enum class Asked { CAMERA, NOTIFICATIONS }

/** What the page says. */
enum class Ask { CAMERA, CAMERA_REFUSED, MICROPHONE_REFUSED, NOTIFICATIONS, NOTIFICATIONS_REFUSED, GRANTED }

/**
 * Which page it is. [canAsk] is false once the system would not show its question any more: then only
 * its settings help.
 */
fun ask(
    asked: Asked,
    camera: Boolean,
    microphone: Boolean,
    notifications: Boolean,
    canAsk: Boolean,
): Ask =
    when (asked) {
        Asked.CAMERA -> {
            when {
                camera && microphone -> Ask.GRANTED
                canAsk -> Ask.CAMERA
                camera -> Ask.MICROPHONE_REFUSED
                else -> Ask.CAMERA_REFUSED
            }
        }

        Asked.NOTIFICATIONS -> {
            when {
                notifications -> Ask.GRANTED
                canAsk -> Ask.NOTIFICATIONS
                else -> Ask.NOTIFICATIONS_REFUSED
            }
        }
    }
