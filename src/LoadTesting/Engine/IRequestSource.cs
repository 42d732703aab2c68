namespace Fettle.LoadTesting;

/// <summary>Gives the generator its next request. Called by one thread at a time, on the hot path: return prepared objects.</summary>
public interface IRequestSource
{
    /// <summary>The next request to send.</summary>
    LoadRequest Next();
}

/// <summary>Requests in turn, from the first to the last and again.</summary>
public sealed class RequestCycle : IRequestSource
{
    readonly LoadRequest[] _requests;
    int _next;

    /// <summary>Creates the cycle.</summary>
    /// <exception cref="ArgumentException">There is no request.</exception>
    public RequestCycle(IEnumerable<LoadRequest> requests)
    {
        _requests = [.. requests];
        if (_requests.Length == 0)
        {
            throw new ArgumentException("no request given; a source needs at least one", nameof(requests));
        }
    }

    /// <inheritdoc/>
    public LoadRequest Next()
    {
        var request = _requests[_next];
        _next = _next + 1 == _requests.Length ? 0 : _next + 1;
        return request;
    }
}

/// <summary>Requests chosen at random by weight, reproducible by seed.</summary>
public sealed class WeightedRequests : IRequestSource
{
    readonly (LoadRequest Request, double Upper)[] _requests;
    readonly Random _random;

    /// <summary>Creates the source; weights are positive and need not sum to anything.</summary>
    /// <exception cref="ArgumentException">There is no request, or a weight is not positive.</exception>
    public WeightedRequests(IEnumerable<(LoadRequest Request, double Weight)> requests, int seed = 1)
    {
        var upper = 0.0;
        _requests = [.. requests.Select(r => r.Weight > 0 && double.IsFinite(r.Weight)
            ? (r.Request, upper += r.Weight)
            : throw new ArgumentException($"the weight of request '{r.Request.Name}' is {r.Weight}; it is above 0", nameof(requests)))];
        if (_requests.Length == 0)
        {
            throw new ArgumentException("no request given; a source needs at least one", nameof(requests));
        }

        _random = new Random(seed);
    }

    /// <inheritdoc/>
    public LoadRequest Next()
    {
        var at = _random.NextDouble() * _requests[^1].Upper;
        foreach (var (request, upper) in _requests)
        {
            if (at < upper)
            {
                return request;
            }
        }

        return _requests[^1].Request;
    }
}
