using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Topology.Hardening.Refusals;

/// <summary>Responses to requests whose body is not read to the end.</summary>
public static class UnreadBodyExtensions
{
    /// <summary>
    /// Adds <c>Connection: close</c> to the response if the request's body was refused (RFC 9110 section 15.5.14), because the server does
    /// not read the rest of the body. In HTTP/2 only the stream ends.
    /// </summary>
    public static void CloseAfterUnreadBody(this HttpContext context)
    {
        if (context.Response.StatusCode is StatusCodes.Status413PayloadTooLarge or StatusCodes.Status408RequestTimeout
            && (HttpProtocol.IsHttp11(context.Request.Protocol) || HttpProtocol.IsHttp10(context.Request.Protocol)))
        {
            context.Response.Headers.Connection = "close";
        }
    }

    /// <summary>Calls <see cref="CloseAfterUnreadBody"/> after an exception, and records the refusal for operators.</summary>
    public static void NoteUnreadBody(this HttpContext context, BadHttpRequestException refused)
    {
        context.CloseAfterUnreadBody();
        if (refused.StatusCode is StatusCodes.Status413PayloadTooLarge or StatusCodes.Status408RequestTimeout)
        {
            context.RequestServices.GetRequiredService<RequestRefusals>().Note(context.Features, refused.StatusCode, "body");
        }
    }
}
