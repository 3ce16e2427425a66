package io.madit.server.admission;

/**
 * What is inside the server, as one request sees it.
 *
 * @param pictures all
 * @param clientPictures of the same client
 * @param bytes of state
 * @param backlogSeconds of device work, all
 * @param aheadSeconds of these, of the same or a more urgent class
 * @param aheadPictures likewise
 * @param aheadRows decoder rows of these
 */
record Inside(
    int pictures,
    int clientPictures,
    long bytes,
    double backlogSeconds,
    double aheadSeconds,
    int aheadPictures,
    long aheadRows) {}
