namespace Fettle.Testing;

/// <summary>Waits for something that another thread or process brings about; fails with its name when it never does.</summary>
public static class Eventually
{
    public static async Task IsTrueAsync(Func<bool> condition, string what, TimeSpan? patience = null)
    {
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        while (!condition())
        {
            if (time.GetElapsedTime(start) > (patience ?? TimeSpan.FromSeconds(60)))
            {
                throw new TimeoutException($"never came true: {what}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), time);
        }
    }
}
