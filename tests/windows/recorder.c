/* Stands in for ChangeServiceConfig2W: writes down what it is told, read with the declarations of Windows' headers. */

#define UNICODE
#define _UNICODE
#include <windows.h>
#include <stdio.h>

static WCHAR said[8192];

static void say(const WCHAR *format, ...)
{
    size_t length = wcslen(said);
    va_list values;
    va_start(values, format);
    _vsnwprintf(said + length, sizeof said / sizeof *said - length - 1, format, values);
    va_end(values);
}

static const WCHAR *shown(const WCHAR *text)
{
    return text ? text : L"(null)";
}

static void say_actions(const SERVICE_FAILURE_ACTIONSW *given)
{
    DWORD place;
    say(L"reset %lu message '%ls' command '%ls'", given->dwResetPeriod, shown(given->lpRebootMsg), shown(given->lpCommand));
    for (place = 0; place < given->cActions; place++)
        say(L" %d/%lu", (int)given->lpsaActions[place].Type, given->lpsaActions[place].Delay);
}

static void say_texts(const WCHAR *text)
{
    for (; text && *text; text += wcslen(text) + 1)
        say(L" %ls", text);
}

__declspec(dllexport) BOOL WINAPI RecordServiceConfig2W(SC_HANDLE service, DWORD level, void *given)
{
    say(L"%lu: ", level);
    switch (level) {
    case SERVICE_CONFIG_DESCRIPTION:
        say(L"'%ls'", shown(((SERVICE_DESCRIPTIONW *)given)->lpDescription));
        break;
    case SERVICE_CONFIG_FAILURE_ACTIONS:
        say_actions(given);
        break;
    case SERVICE_CONFIG_DELAYED_AUTO_START_INFO:
        say(L"%d", ((SERVICE_DELAYED_AUTO_START_INFO *)given)->fDelayedAutostart);
        break;
    case SERVICE_CONFIG_FAILURE_ACTIONS_FLAG:
        say(L"%d", ((SERVICE_FAILURE_ACTIONS_FLAG *)given)->fFailureActionsOnNonCrashFailures);
        break;
    case SERVICE_CONFIG_SERVICE_SID_INFO:
        say(L"%lu", ((SERVICE_SID_INFO *)given)->dwServiceSidType);
        break;
    case SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO:
        say_texts(((SERVICE_REQUIRED_PRIVILEGES_INFOW *)given)->pmszRequiredPrivileges);
        break;
    case SERVICE_CONFIG_PRESHUTDOWN_INFO:
        say(L"%lu", ((SERVICE_PRESHUTDOWN_INFO *)given)->dwPreshutdownTimeout);
        break;
    default:
        say(L"unknown");
    }
    say(L" on %ls\n", service ? L"a service" : L"nothing");
    return TRUE;
}

__declspec(dllexport) const WCHAR *WINAPI Recorded(void)
{
    return said;
}
